/**
 * `npm run build`: writes dist/ from src/: ES modules, one a source file (so that bundlers drop what a program does not import), declarations,
 * source maps that point to src/ (which is published beside dist/), and the kernels as .wasm files for runtimes that compile no bytes.
 *
 * TypeScript checks and declares; esbuild writes the modules, without comments and needless space but with every name, so that stacks stay readable.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { kernelFiles } from "../src/kernels/wasm/kernel-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** Files below a folder, relative to it, with "/". */
function filesBelow(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).map((name) => name.split(sep).join("/"));
}

async function writeModules(): Promise<void> {
  const modules = filesBelow("src", ".ts");
  await build({
    absWorkingDir: root,
    entryPoints: modules.map((name) => `src/${name}`),
    outbase: "src",
    outdir: "dist",
    format: "esm",
    platform: "neutral",
    target: "es2022",
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: "linked",
    sourcesContent: false,
  });
  for (const name of modules) {
    const file = join(dist, `${name.slice(0, -3)}.js`);
    // modules import each other as ./x.ts in src/ and as ./x.js in dist/: as many characters, so the source map stays right
    writeFileSync(file, readFileSync(file, "utf8").replace(/((?:from|import\(?)"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"'));
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
