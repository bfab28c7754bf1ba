/**
 * What users install: the tarball of `npm pack`, installed in an empty project without a registry, imported by every public name, run on a model folder,
 * and its command line. Vectors are compared with sentence-transformers' (test/runtimes/expected.json) within 1e-5.
 */
import { type ExecFileSyncOptionsWithStringEncoding, execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernelFiles } from "../../src/kernels/wasm/kernel-files.ts";
import { patched, patchedModule } from "../../src/kernels/wasm/prebuilt.ts";
import { SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";
import { HubServer } from "../files/hub-server.ts";
import { fixture } from "../shared.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const encoder = fixture("pipelines/encoder");
const expectedFile = join(root, "test/runtimes/expected.json");
const project = mkdtempSync(join(tmpdir(), "hummingbert-package-"));
const installed = join(project, "node_modules/hummingbert");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | Record<string, string>>;
};

/** Runs a program of the project that imports the package by name; gives what it prints as JSON. */
function run(program: string): unknown {
  writeFileSync(join(project, "program.mjs"), program);
  return JSON.parse(execFileSync(process.execPath, ["program.mjs"], { cwd: project, encoding: "utf8" }));
}

function cli(...args: string[]) {
  return spawnSync(process.execPath, [join(project, "node_modules/.bin/hummingbert"), ...args], {
    cwd: project,
    encoding: "utf8",
    input: "",
  });
}

function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => statSync(join(folder, name)));
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

beforeAll(() => {
  const quietly: ExecFileSyncOptionsWithStringEncoding = { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
  execFileSync("npm", ["run", "build", "--silent"], quietly);
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], quietly));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", join(project, filename)], { ...quietly, cwd: project });
}, 240_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the installed tarball", () => {
  test("is one package, without weights, with sources and maps that lead to them", () => {
    expect(readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["hummingbert"]);
    expect(existsSync(join(installed, "weights"))).toBe(false);
    const map = JSON.parse(readFileSync(join(installed, "dist/index.js.map"), "utf8")) as { sources: string[] };
    expect(map.sources.length).toBeGreaterThan(0);
    for (const source of map.sources) expect(existsSync(join(installed, "dist", source)), source).toBe(true);
    // The sources alone are 1.27 MB; modules (0.44), maps (0.12), declarations (0.12) and kernels (0.14) must not exceed this.
    expect(bytesBelow(installed) - bytesBelow(join(installed, "src"))).toBeLessThan(0.85e6);
  });

  test("every path in exports exists, for every condition", () => {
    const targets = Object.values(manifest.exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
    expect(targets.length).toBeGreaterThan(10);
    for (const target of targets.filter((path) => !path.includes("*"))) expect(existsSync(join(installed, target)), target).toBe(true);
    expect(existsSync(join(installed, "dist/wasm/wasm-simd.wasm"))).toBe(true);
  });

  test("its kernels are the emitter's bytes, and Node starts with them", () => {
    const files = kernelFiles();
    const fileOf = (name: string) => `${name}.${patchedModule(name) ? "patch" : "wasm"}`;
    expect(readdirSync(join(installed, "dist/wasm")).sort()).toEqual(files.map(({ name }) => fileOf(name)).sort());
    for (const { name, bytes } of files) {
      const read = (file: string) => readFileSync(join(installed, "dist/wasm", file));
      const base = patchedModule(name);
      const built = base ? patched(read(fileOf(base)), read(fileOf(name))) : read(fileOf(name));
      expect(Buffer.from(bytes).equals(built), name).toBe(true);
    }
    const compiled = run(`
      const Module = WebAssembly.Module;
      const sources = [];
      WebAssembly.Module = new Proxy(Module, { construct: (target, [bytes]) => (sources.push(bytes.constructor.name), new target(bytes)) });
      const { SentenceEncoder } = await import("hummingbert");
      await SentenceEncoder.load(${JSON.stringify(encoder)}, { threads: 1 }); // threads take the same file with another kind of memory
      console.log(JSON.stringify(sources.at(-1)));`);
    expect(compiled).toBe("Buffer"); // read from a file; the emitter gives a Uint8Array
  });

  test("sub-paths export what the documentation names", () => {
    const names = run(`
      const names = {};
      for (const path of ["", "/slim", "/webgpu", "/gpujs", "/tensor", "/tokenizers", "/safetensors"])
        names[path] = Object.keys(await import("hummingbert" + path));
      console.log(JSON.stringify(names));`) as Record<string, string[]>;
    expect(names[""]).toEqual(
      expect.arrayContaining(["SentenceEncoder", "CrossEncoder", "pipeline", "loadModel", "Tokenizer", "semanticSearch"]),
    );
    expect(names["/slim"]).toContain("SentenceEncoder");
    expect(names["/webgpu"]).toContain("webgpu");
    expect(names["/gpujs"]).toContain("gpuJs");
    expect(names["/tensor"]).toContain("Backend");
    expect(names["/tokenizers"]).toContain("Tokenizer");
    expect(names["/safetensors"]).toEqual(expect.arrayContaining(["parseSafetensors", "openSafetensors", "serializeSafetensors"]));
  });

  test("a bundle for browsers leaves the disk, the Hub's cache and unused rooms out", async () => {
    const entry = 'export { SentenceEncoder } from "hummingbert/slim"; export { parseSafetensors } from "hummingbert";';
    const bundle = (platform: "browser" | "node", contents: string) =>
      build({ stdin: { contents, resolveDir: project }, bundle: true, minify: true, format: "esm", platform, write: false });
    const sizeOf = ({ outputFiles }: { outputFiles: { contents: Uint8Array }[] }) => outputFiles[0]!.contents.length;
    const everything = 'export * from "hummingbert";';
    const [small, inBrowser, inNode] = [
      await bundle("browser", entry),
      await bundle("browser", everything),
      await bundle("node", everything),
    ];
    expect(sizeOf(small)).toBeLessThan(0.7 * sizeOf(inBrowser));
    expect(sizeOf(inNode) - sizeOf(inBrowser)).toBeGreaterThan(8000); // disk.ts and the cache
    expect([...small.warnings, ...inBrowser.warnings]).toEqual([]);
    expect(small.outputFiles[0]!.text).not.toContain("deberta");
    const format = await bundle("browser", 'export { parseSafetensors } from "hummingbert";');
    expect(sizeOf(format)).toBeLessThan(10_000); // as from the sources: no kernels, no models
  });

  test.each([
    ["a browser's libraries", ["ES2022", "DOM", "ESNext.Disposable"], []],
    ["Node's types", ["ES2023"], ["node"]],
  ])("its declarations are checked with %s, and fit what the documentation writes", (_, lib, types) => {
    const program = `
      import { loadModel, type Model, pipeline, SentenceEncoder, useCompiledKernels } from "hummingbert";
      import { SentenceEncoder as Slim } from "hummingbert/slim";
      import { gpuJs } from "hummingbert/gpujs";
      import { webgpu } from "hummingbert/webgpu";
      import { Tokenizer } from "hummingbert/tokenizers";
      import { parseSafetensors } from "hummingbert/safetensors";
      import type { Backend } from "hummingbert/tensor";
      export async function all(): Promise<unknown> {
        using model: Model = await loadModel("./model", { architecture: "BertModel" });
        const encoder = await SentenceEncoder.load();
        const [int8]: Int8Array[] = await encoder.encode(["a"], { precision: "int8", ranges: [[0, 1]] });
        const classify = await pipeline("text-classification");
        const [labels] = await classify(["a"], { topK: null });
        return [model.forward([{ ids: [1] }]), int8, labels?.[0]?.label, useCompiledKernels, Slim, gpuJs, webgpu, Tokenizer, parseSafetensors, {} as Backend];
      }`;
    writeFileSync(join(project, "program.ts"), program);
    const compilerOptions = {
      module: "NodeNext",
      target: "ES2022",
      strict: true,
      noEmit: true,
      lib,
      types,
      typeRoots: [join(root, "node_modules/@types")],
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
    const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  test("embeds text with a model folder as sentence-transformers does", () => {
    const worst = run(`
      import { readFileSync } from "node:fs";
      import { SentenceEncoder } from "hummingbert";
      const { texts, vectors } = JSON.parse(readFileSync(${JSON.stringify(expectedFile)}, "utf8"));
      const encoder = await SentenceEncoder.load(${JSON.stringify(encoder)});
      const found = await encoder.encode(texts);
      encoder.dispose();
      console.log(Math.max(...found.flatMap((row, i) => [...row].map((x, c) => Math.abs(x - vectors[i][c])))));`);
    expect(worst).toBeLessThan(1e-5);
  });

  test("without a model it says where the default would come from", () => {
    const message = run(`
      import { SentenceEncoder } from "hummingbert";
      const load = SentenceEncoder.load(undefined, { localFilesOnly: true, cacheDir: "./no-cache" });
      console.log(JSON.stringify(await load.then(() => "loaded", (error) => error.name + ": " + error.message)));`);
    expect(message).toMatch(/^(ConfigError|DownloadError): .*all-MiniLM-L6-v2/);
  });

  test("a task whose default only a clone has names models on the Hub", () => {
    const messages = run(`
      import { pipeline } from "hummingbert";
      const tasks = ["sentiment-analysis", "ner", "question-answering"];
      console.log(JSON.stringify(await Promise.all(tasks.map((task) => pipeline(task).catch((error) => error.name + ": " + error.message)))));`);
    expect(messages).toEqual([
      expect.stringMatching(/^ConfigError: .* give a model, for example distilbert\//),
      expect.stringMatching(/^ConfigError: .* give a model, for example dslim\//),
      expect.stringMatching(/^ConfigError: .* give a model, for example distilbert\/.* or deepset\//),
    ]);
  });

  test("the default model comes from the Hub once, and then from the cache; what a cold start takes is printed", async () => {
    const text = "The quick brown fox jumps over the lazy dog while the old cat sleeps";
    const weights = join(root, "weights/all-MiniLM-L6-v2");
    const names = readdirSync(weights, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(weights, name)).isFile());
    const hub = await HubServer.start();
    hub.add("sentence-transformers/all-MiniLM-L6-v2", Object.fromEntries(names.map((name) => [name, readFileSync(join(weights, name))])));
    const environment = { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HOME: join(project, "hf-home"), HF_HUB_CACHE: "" };
    /** A process of its own up to its first vector. */
    const start = async (source: string | undefined, env: NodeJS.ProcessEnv = environment) => {
      const begin = performance.now();
      const program = `
        import { SentenceEncoder } from "hummingbert";
        const encoder = await SentenceEncoder.load(${JSON.stringify(source)});
        console.log(JSON.stringify([...await encoder.encode(${JSON.stringify(text)})]));
        process.exit(0);`;
      const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { cwd: project, env });
      return { ms: performance.now() - begin, vector: Float32Array.from(JSON.parse(stdout) as number[]) };
    };
    try {
      const downloaded = await start(undefined);
      const asked = hub.asked();
      expect(asked).toContain("GET model.safetensors");
      const offline = { ...environment, HF_HUB_OFFLINE: "1" };
      const runs = { folder: [] as number[], cache: [] as number[] };
      const encoder = await SentenceEncoder.load();
      const expected = await encoder.encode(text);
      encoder.dispose();
      expect(downloaded.vector).toEqual(expected);
      for (let round = 0; round < 5; round++) {
        for (const from of ["folder", "cache"] as const) {
          const { ms, vector } = await start(from === "folder" ? weights : undefined, offline);
          expect(vector).toEqual(expected);
          runs[from].push(ms);
        }
      }
      expect(hub.asked()).toEqual([]);
      const best = (ms: readonly number[]) => `${Math.min(...ms).toFixed(0)} ms`;
      console.log(
        `installed tarball, process start to first vector: ${best(runs.folder)} from a folder, ${best(runs.cache)} from the cache`,
      );
    } finally {
      await hub.stop();
    }
  });

  test("the command line: help, an embedding, and errors that name what is wrong", () => {
    const help = cli("--help");
    expect(help.status).toBe(0);
    expect(help.stdout).toContain("Usage: hummingbert COMMAND");
    const embedded = cli("embed", "Yes", "--model", encoder, "--json");
    expect(embedded.status, embedded.stderr).toBe(0);
    const { texts, vectors } = JSON.parse(readFileSync(expectedFile, "utf8")) as { texts: string[]; vectors: number[][] };
    const { embedding } = JSON.parse(embedded.stdout) as { embedding: number[] };
    const expected = vectors[texts.indexOf("Yes")]!;
    expect(Math.max(...embedding.map((x, c) => Math.abs(x - expected[c]!)))).toBeLessThan(1e-5);
    expect(cli("embedd", "Yes").status).toBe(2);
    const absent = cli("embed", "Yes", "--model", "./nothing-here");
    expect(absent.status).toBe(1);
    expect(absent.stderr).toContain("nothing-here");
  });
});
