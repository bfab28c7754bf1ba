/**
 * `npm run size [-- --files]`: what a page downloads: esbuild, minified, one file (no splitting), gzip -9. Fails above a budget (1 KB = 1024 bytes).
 * Goals are what the project wants; they are not reached yet. Budgets hold what is reached: lower them when a bundle gets smaller.
 * `--files` also lists the largest source files of each bundle, in bytes after minification.
 */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { endWithOutput } from "../src/cli/output-end.ts";

endWithOutput("size");

interface Bundle {
  readonly name: string;
  readonly goalKB: number;
  readonly budgetKB: number;
  /** The source of an entry file at the root of the repository. */
  readonly entry: string;
}

const BUNDLES: readonly Bundle[] = [
  {
    name: "slim: SentenceEncoder with BERT, WordPiece, wasm and loops, from a URL",
    goalKB: 40,
    budgetKB: 54.7,
    entry: `export { SentenceEncoder } from "./src/slim.ts";`,
  },
  {
    name: "all: the whole library but the command line, with webgpu and gpujs",
    goalKB: 90,
    budgetKB: 112.8,
    entry: ["index", "slim", "kernels/webgpu/index", "kernels/gpujs/index", "tensor/backend"]
      .map((module, i) => `export * as part${i} from "./src/${module}.ts";`)
      .join("\n"),
  },
];

const root = new URL("..", import.meta.url).pathname;
let isOver = false;
for (const { name, goalKB, budgetKB, entry } of BUNDLES) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
  });
  const code = outputFiles[0]!.contents;
  const KB = gzipSync(code, { level: 9 }).length / 1024;
  isOver ||= KB > budgetKB;
  console.log(
    `${KB.toFixed(1).padStart(6)} KB gzip  ${(code.length / 1024).toFixed(1).padStart(6)} KB minified  budget ${budgetKB} KB ${KB > budgetKB ? "OVER" : "ok"}, goal ${goalKB} KB ${KB > goalKB ? `missed by ${(KB - goalKB).toFixed(1)} KB` : "reached"}  ${name}`,
  );
  if (process.argv.includes("--files")) {
    const inputs = Object.entries(Object.values(metafile.outputs)[0]!.inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
    for (const [file, { bytesInOutput }] of inputs.slice(0, 40)) console.log(`${String(bytesInOutput).padStart(12)}  ${file}`);
  }
}
if (isOver) process.exitCode = 1;
