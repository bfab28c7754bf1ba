/**
 * `npm run build`: writes dist/ from src/: ES modules, declarations, source maps that point to src/ (which is published beside dist/), and the kernels
 * as .wasm files for runtimes that compile no bytes.
 *
 * TypeScript checks and declares; esbuild joins modules into a few dozen files (reading one a module costs Node 60 ms at start), without comments
 * and needless space but with every name, so that stacks stay readable. Bundlers still drop what a program does not import: test/package holds them to it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { kernelFiles } from "../src/kernels/wasm/kernel-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** Files below a folder, relative to it, with "/". */
function filesBelow(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).map((name) => name.split(sep).join("/"));
}

/** Where the package is entered. worker/main.ts is main.js beside the chunks, because that is where spawn.ts looks for it; disk.ts has a file of its own for "browser" in package.json. */
const ENTRIES = {
  index: "src/index.ts",
  slim: "src/slim.ts",
  webgpu: "src/kernels/webgpu/index.ts",
  gpujs: "src/kernels/gpujs/index.ts",
  tensor: "src/tensor/backend.ts",
  tokenizers: "src/tokenizers/tokenizer.ts",
  safetensors: "src/safetensors/index.ts",
  main: "src/worker/main.ts",
  cli: "src/cli/main.ts",
  disk: "src/files/disk.ts",
  "disk.browser": "src/files/disk.browser.ts",
};

/** Keeps `import ... from "./disk.js"` in what is published, so that bundlers for browsers can put disk.browser.js in its place. */
const diskApart: Plugin = {
  name: "disk apart",
  setup(esbuild) {
    esbuild.onResolve({ filter: /\/disk\.ts$/ }, ({ kind }) =>
      kind === "entry-point" ? undefined : { path: "./disk.js", external: true },
    );
  },
};

async function writeModules(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: "dist",
    bundle: true,
    splitting: true,
    chunkNames: "chunk-[hash]",
    external: ["node:*"],
    plugins: [diskApart],
    format: "esm",
    platform: "neutral",
    target: "es2022",
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: "linked",
    sourcesContent: false,
  });
  // esbuild imports a chunk for its effects where it needs nothing else of it. No module here has any, and bundlers would warn; spaces keep the maps right.
  for (const name of readdirSync(dist).filter((file) => file.endsWith(".js"))) {
    const text = readFileSync(join(dist, name), "utf8");
    writeFileSync(
      join(dist, name),
      text.replace(/import"\.\/chunk-\w+\.js";/g, (statement) => " ".repeat(statement.length)),
    );
  }
}

/** Removes the declarations that no public entry reaches, and names the others' imports as they are published. */
function finishDeclarations(): void {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { types?: string }>;
  };
  const reached = new Set<string>();
  const reach = (file: string): void => {
    if (reached.has(file) || !existsSync(file)) return;
    reached.add(file);
    const text = readFileSync(file, "utf8").replace(/((?:from |import\()"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
    writeFileSync(file, text);
    for (const [, name] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)) reach(join(dirname(file), `${name}.d.ts`));
  };
  for (const target of Object.values(exports)) if (typeof target === "object" && target.types) reach(join(root, target.types));
  for (const name of filesBelow("dist", ".d.ts")) if (!reached.has(join(dist, name))) rmSync(join(dist, name));
}

function writeKernels(): void {
  mkdirSync(join(dist, "wasm"), { recursive: true });
  for (const { name, bytes } of kernelFiles()) writeFileSync(join(dist, "wasm", name), bytes);
}

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
await writeModules();
finishDeclarations();
writeKernels();
