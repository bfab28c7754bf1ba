/**
 * `npm run build`: writes dist/ from src/: ES modules, declarations, source maps that point to src/ (which is published beside dist/), and the kernels
 * as .wasm files, for Node's start and for runtimes that compile no bytes.
 *
 * TypeScript checks and declares; rolldown joins modules into a few files (one a module would cost Node 60 ms at start), without comments,
 * needless space and syntax and names of locals, but with the names of functions, classes and fields, so that stacks stay readable. Bundlers still drop what a
 * program does not import: test/package holds them to it.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type InputOptions, type OutputOptions, type Plugin, rolldown } from "rolldown";
import { type KernelFile, kernelFiles } from "../src/kernels/wasm/kernel-files.ts";
import { patchedModule } from "../src/kernels/wasm/prebuilt.ts";
import { coarseMap } from "./coarse-map.ts";
import { patchOf } from "./patch.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** Files below a folder, relative to it, with "/". */
function filesBelow(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).map((name) => name.split(sep).join("/"));
}

/** Where the package is entered. worker/main.ts is main.js beside the others, because that is where spawn.ts looks for it. */
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
  "on-node": "on-node.ts",
  "on-node.browser": "on-node.browser.ts",
};

/** Modules that only Node, Deno and Bun can use: bundlers for browsers put NAME.browser.ts in their place (package.json, "browser"). */
const ON_NODE = filesBelow("src", ".browser.ts").map((name) => join(root, "src", name.replace(".browser.ts", ".ts")));

/** Joins them in an entry of their own, on-node.js, and keeps `import ... from "./on-node.js"` in what is published: two names for "browser" are enough. */
const onNode: Plugin = {
  name: "on Node",
  resolveId(id, importer) {
    if (id.startsWith("on-node")) return `\0${id}`;
    const isJoined = importer?.startsWith("\0on-node") || !ON_NODE.includes(resolve(dirname(importer ?? root), id));
    return isJoined ? null : { id: "./on-node.js", external: true };
  },
  load(id) {
    if (!id.startsWith("\0on-node")) return null;
    const ending = id.slice("\0on-node".length);
    return ON_NODE.map((file) => `export * from ${JSON.stringify(file.replace(/\.ts$/, ending))};`).join("\n");
  },
};

/** gpu.js reads its kernels from their source, and takes two locals of one name in two blocks for one: they keep the names that they have. */
const UNSHORTENED = ["gpujs.js", "gpujs.js.map"];

const INPUT: InputOptions = { cwd: root, external: [/^node:/], platform: "neutral" };

/** The modules that an entry is made of, by path. */
async function modulesOf(entry: string | string[]): Promise<ReadonlySet<string>> {
  const bundle = await rolldown({ ...INPUT, input: entry });
  const { output } = await bundle.generate();
  await bundle.close();
  return new Set(output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : [])));
}

/**
 * Who shares modules with whom decides which file they are in: few files, because Node takes a third of a millisecond for each, but not one,
 * because a bundler that drops files as a whole must find in them what belongs together. What only one entry uses stays in that entry.
 */
async function writeModules(kernels: readonly KernelFile[]): Promise<void> {
  const [slim, index, node] = await Promise.all([modulesOf(ENTRIES.slim), modulesOf(ENTRIES.index), modulesOf(ON_NODE)]);
  const formats = await modulesOf(ENTRIES.safetensors);
  const file = (name: string, holds: (id: string) => boolean, priority: number) => ({ name, test: holds, priority, minShareCount: 2 });
  const sizes = Object.fromEntries(kernels.map(({ name, bytes }) => [name, bytes.length]));
  const bundle = await rolldown({
    ...INPUT,
    input: ENTRIES,
    plugins: [onNode],
    preserveEntrySignatures: "strict",
    transform: { define: { KERNEL_FILES: JSON.stringify(sizes) } },
  });
  const output = (mangle: false | { keepNames: true }): OutputOptions => ({
    dir: dist,
    format: "esm",
    charset: "ascii", // a character beyond Latin-1 would make a file a string of two bytes a character, which engines parse slower
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    minify: { compress: mangle !== false, mangle, codegen: { removeWhitespace: true } },
    minifyInternalExports: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
    codeSplitting: {
      groups: [
        file("formats", (id) => formats.has(id), 6), // who reads a file needs no model: else 27 KB for 9
        file("files", (id) => node.has(id) && !slim.has(id), 5), // apart from those that import on-node.js, which imports them
        file("kernels", (id) => slim.has(id) && inRoom(id, "kernels"), 4),
        file("wordpiece", (id) => slim.has(id) && inRoom(id, "tokenizers"), 4),
        file("core", (id) => slim.has(id), 3),
        file("sources", (id) => index.has(id) && (inRoom(id, "tokenizers") || inRoom(id, "files")), 2),
        file("tasks", (id) => index.has(id), 1),
      ],
    },
  });
  await bundle.write(output(false));
  const unshortened = UNSHORTENED.map((name) => readFileSync(join(dist, name)));
  await bundle.write(output({ keepNames: true }));
  for (const [i, name] of UNSHORTENED.entries()) writeFileSync(join(dist, name), unshortened[i]!);
  await bundle.close();
  for (const name of filesBelow("dist", ".map")) writeFileSync(join(dist, name), coarseMap(readFileSync(join(dist, name), "utf8")));
}

function inRoom(id: string, room: string): boolean {
  return id.split(sep).join("/").includes(`/src/${room}/`);
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

function writeKernels(kernels: readonly KernelFile[]): void {
  mkdirSync(join(dist, "wasm"), { recursive: true });
  const modules = new Map(kernels.map(({ name, bytes }) => [name, bytes]));
  for (const [name, bytes] of modules) {
    const base = patchedModule(name);
    if (base) writeFileSync(join(dist, "wasm", `${name}.patch`), patchOf(modules.get(base)!, bytes));
    else writeFileSync(join(dist, "wasm", `${name}.wasm`), bytes);
  }
}

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
const kernels = kernelFiles();
await writeModules(kernels);
finishDeclarations();
writeKernels(kernels);
chmodSync(join(dist, "cli.js"), 0o755); // npx in a clone runs it by a link that is made once
