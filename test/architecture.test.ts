/**
 * The architecture as a test: imports point one way, nothing imports a kernel except where a backend is chosen,
 * no file outgrows one idea, and the library depends on nothing at run time.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");

/** What each room may import besides itself, src/errors.ts, src/checks.ts and src/fields.ts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  "checks.ts": [],
  "fields.ts": [],
  numbers: [],
  tensor: ["numbers"],
  "kernels/reference": ["tensor", "numbers"],
  "kernels/loops": ["tensor", "numbers", "kernels/reference"],
  "kernels/wasm": ["tensor", "numbers"],
  "kernels/gpujs": ["tensor", "numbers"],
  "kernels/webgpu": ["tensor", "numbers"],
  kernels: ["tensor", "kernels/reference", "kernels/loops", "kernels/wasm"],
  layers: ["tensor"],
  safetensors: ["numbers"],
  files: ["safetensors", "tensor/device.ts"],
  tokenizers: ["files", "numbers"],
  models: ["layers", "tensor", "safetensors", "files", "numbers", "kernels/choose.ts", "worker/model.ts"],
  tasks: [
    "models",
    "layers",
    "tensor",
    "tokenizers",
    "files",
    "safetensors",
    "numbers",
    "kernels/choose.ts",
    "kernels/row-scan.ts",
    "worker/tasks.ts",
  ], // static embeddings choose a backend without a model
  // the caller's end knows nothing of tasks; main.ts, the worker's end, is imported by nobody
  worker: ["files", "models", "tasks", "kernels/wasm/features.ts", "kernels/wasm/level.ts"],
  "index.ts": [
    "tasks",
    "models",
    "tensor",
    "tokenizers",
    "files",
    "safetensors",
    "kernels/wasm/features.ts",
    "kernels/wasm/experimental.ts",
    "kernels/wasm/compiled.ts",
  ],
  "slim.ts": ["tasks", "models", "tokenizers", "files", "kernels/choose-slim.ts", "kernels/wasm/compiled.ts"],
  cli: [
    "index.ts",
    "tasks",
    "models",
    "tensor",
    "tokenizers",
    "files",
    "safetensors",
    "kernels/wasm/features.ts",
    "kernels/wasm/experimental.ts",
    "kernels/choose.ts",
  ],
};
const MAX_LINES = 250;

interface Source {
  readonly path: string; // relative to src, with "/"
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(): Source[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const file = join(src, name);
      const text = readFileSync(file, "utf8");
      const specifiers = [...text.matchAll(/^\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^\s*import\s+"([^"]+)"/gm)].map(
        (m) => m[1] ?? m[2]!,
      );
      const imports = specifiers.map((specifier) =>
        specifier.startsWith(".")
          ? relative(src, resolve(dirname(file), specifier))
              .split(sep)
              .join("/")
          : specifier,
      );
      return { path: name.split(sep).join("/"), text, imports };
    });
}

/** The room of a path: the longest key of MAY_IMPORT that holds it. */
function roomOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((room) => path === room || path.startsWith(room + "/"))
    .sort((a, b) => b.length - a.length)[0];
}

const all = sources();

describe("architecture", () => {
  test("every file has a room, and imports point one way", () => {
    const wrong: string[] = [];
    for (const { path, imports } of all) {
      const room = roomOf(path);
      if (room === undefined) {
        wrong.push(`${path}: no room`);
        continue;
      }
      const allowed = ["errors.ts", "checks.ts", "fields.ts", room, ...MAY_IMPORT[room]!];
      for (const target of imports.filter((name) => !isExternal(name))) {
        const targetRoom = roomOf(target);
        const own = targetRoom === room;
        if (!own && !allowed.some((entry) => target === entry || target.startsWith(entry + "/"))) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("no file imports itself through others", () => {
    const byPath = new Map(all.map((source) => [source.path, withoutTypeImports(source)]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
        return;
      }
      if (done.has(path)) return;
      for (const target of byPath.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of byPath.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  test("package.json names every module that bundlers for browsers take in place of another", () => {
    const { browser } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const twins = all.map(({ path }) => path).filter((path) => path.endsWith(".browser.ts"));
    const named = twins.map((path) => [`./src/${path.replace(".browser.ts", ".ts")}`, `./src/${path}`]);
    expect(twins.length).toBeGreaterThan(0);
    expect(browser).toEqual({ ...Object.fromEntries(named), "./dist/on-node.js": "./dist/on-node.browser.js" }); // scripts/build.ts
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    const long = all.map(({ path, text }) => ({ path, lines: text.split("\n").length })).filter(({ lines }) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  test("the library has no runtime dependency and the core path neither evaluates code nor imports dynamically", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(Object.keys(manifest.dependencies ?? {})).toEqual([]);
    const external = all
      .filter(({ path }) => !path.startsWith("cli/"))
      .flatMap(({ path, imports }) => imports.filter(isExternal).map((name) => `${path}: ${name}`));
    expect(external).toEqual([]);
    const evaluated = all
      .filter(({ path }) => !path.startsWith("cli/")) // a command loads what it uses: --help stays quick
      .filter(({ text }) => /\beval\(|new Function\(|^await |\bawait import\(|(?<!: |\btypeof |[.\w])import\(/m.test(withoutComments(text)))
      .map(({ path }) => path);
    expect(evaluated).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

function isExternal(specifier: string): boolean {
  return !specifier.endsWith(".ts");
}

function withoutTypeImports({ path, text }: Source): string[] {
  const file = join(src, path);
  return [...text.matchAll(/^\s*(?:import|export)\s+(?!type\b)[^;]*?\bfrom\s+"(\.[^"]+)"/gm)].map((m) =>
    relative(src, resolve(dirname(file), m[1]!))
      .split(sep)
      .join("/"),
  );
}
