/**
 * What gpu.js needs beyond the conformance suite: kernels that survive build tools, loops past its default limit, WebGPU in Node, clear errors.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { GPU } from "gpu.js";
import { afterAll, expect, test } from "vitest";
import * as errors from "../../src/errors.ts";
import type { GpuJsBackend } from "../../src/kernels/gpujs/backend.ts";
import { type GpuConstructor, gpuJs } from "../../src/kernels/gpujs/index.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import { Sequences } from "../../src/tensor/sequences.ts";
import { normals } from "../kernels/conformance/samples.ts";
import { conformance } from "../kernels/conformance/suite.ts";
import { dawn } from "./dawn.ts";

const SOURCES = fileURLToPath(new URL("../../src/kernels/gpujs/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hummingbert-gpujs-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A bundle has error classes of its own; here it takes ours, so that `instanceof` means the same on both sides. */
const ownErrors: Plugin = {
  name: "own errors",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/errors\.ts$/ }, () => ({ path: "errors", namespace: "own" }));
    onLoad({ filter: /^errors$/, namespace: "own" }, () => ({
      contents: `export const { ${Object.keys(errors)} } = globalThis.hummingbertErrors;`,
    }));
  },
};
Object.assign(globalThis, { hummingbertErrors: errors });

/** `gpuJs` out of a bundle made with `settings`. */
async function bundled(name: string, settings: object): Promise<typeof gpuJs> {
  const outfile = join(folder, `${name}.mjs`);
  await build({ entryPoints: [join(SOURCES, "index.ts")], bundle: true, format: "esm", outfile, plugins: [ownErrors], ...settings });
  const module: { gpuJs: typeof gpuJs } = await import(pathToFileURL(outfile).href);
  return module.gpuJs;
}

// The browser tests run from a minified bundle, too; these two are the settings that change a function's text most.
for (const [name, settings] of [
  ["minified", { minify: true, target: "es2022" }],
  ["minified for ES2015 with names kept", { minify: true, keepNames: true, target: "es2015" }],
] as const) {
  conformance(
    `gpu.js webasm, ${name}`,
    async () => (await bundled(name.replaceAll(" ", "-"), settings))(GPU, { mode: "webasm" }).createBackend(),
    {
      w8: "dequantized",
    },
  );
}

test("each kernel has one loop at most: gpu.js's cpu mode cannot declare a loop variable twice, and minifiers reuse names", () => {
  let kernels = 0;
  for (const file of readdirSync(SOURCES)) {
    const source = readFileSync(join(SOURCES, file), "utf8");
    for (const [text] of source.matchAll(/^function \w+Kernel\([\s\S]*?^}/gm)) {
      kernels++;
      expect(text.match(/\bfor \(/g)?.length ?? 0, `${file}: ${text.slice(0, 40)}`).toBeLessThanOrEqual(1);
    }
  }
  expect(kernels).toBeGreaterThan(25);
});

test("gpu.js's webgpu mode in Node, over Dawn", async () => {
  const hadNavigator = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { gpu: dawn() }, configurable: true });
  try {
    const backend = (await gpuJs(GPU, { mode: "webgpu" }).createBackend()) as GpuJsBackend;
    const host = await gpuJs(GPU, { mode: "cpu" }).createBackend();
    const run = (on: Backend) => {
      const x = on.constant(normals(9 * 48, 1), 9, 48);
      return on.pass(() => {
        const context = on.alloc(9, 16);
        on.attention(context, x.columns(0, 16), x.columns(16, 16), x.columns(32, 16), new Sequences([4, 5]), { heads: 2, scale: 0.35 });
        const out = on.alloc(9, 16);
        on.activate(out, context, "gelu");
        return [out];
      });
    };
    const [ours] = await run(backend);
    const [expected] = await run(host);
    ours!.forEach((value, i) => {
      expect(Math.abs(value - expected![i]!)).toBeLessThan(2e-6); // values below 3, a dozen f32 roundings each
    });
    expect(backend.fallbacks).toEqual([]);
    backend.dispose();
    host.dispose();
  } finally {
    if (hadNavigator) Object.defineProperty(globalThis, "navigator", hadNavigator);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
});

test("what is not gpu.js's class, and a mode it does not offer, are errors that say what to do", async () => {
  expect(() => gpuJs(undefined as unknown as GpuConstructor)).toThrow(errors.ConfigError);
  expect(() => gpuJs({} as GpuConstructor)).toThrow(/install gpu\.js and pass `GPU`/);
  await expect(gpuJs(GPU, { mode: "webgl2" }).createBackend()).rejects.toThrow(errors.UnsupportedError);
  await expect(gpuJs(GPU, { mode: "webgl2" }).createBackend()).rejects.toThrow(/no mode "webgl2" here.*device "wasm"/);
  await expect(gpuJs(GPU, { mode: "webgpu" }).createBackend()).rejects.toThrow(/webgpu.*device "wasm"/);
});

test("a disposed backend says so, and a pass that waits behind another is rejected", async () => {
  const backend = await gpuJs(GPU, { mode: "cpu" }).createBackend();
  const x = backend.constant(Float32Array.of(1, 2), 1, 2);
  const scaled = () =>
    backend.pass(() => {
      const out = backend.alloc(1, 2);
      backend.scale(out, x, 2);
      return [out];
    });
  const both = Promise.allSettled([scaled(), scaled()]);
  backend.dispose();
  expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(scaled()).rejects.toThrow(/disposed/);
});
