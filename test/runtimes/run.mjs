// npm run test:runtimes [-- node22 bun page ...]: builds the package, then asks each runtime for the same vectors (embed.mjs). One line each; exit 1 if any is wrong.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inChromium } from "./chromium.mjs";
import { TOLERANCE } from "./embed.mjs";
import { ID, requestsOf, startHub } from "./hub.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const model = join(root, "test/fixtures/pipelines/encoder");
const expected = join(here, "expected.json");
const installed = (path) => join(here, "node_modules", path);

const MAJORS = [20, 22, 24, 26];
const SERVERS = {
  ...Object.fromEntries(MAJORS.map((major) => [`node${major}`, installed(`node${major}/bin/node`)])),
  deno: installed("deno/bin.cjs"),
  bun: installed("bun/bin/bun.exe"),
};
const ARGUMENTS = { deno: ["run", "--quiet", "--allow-read"] };
/** Writing is allowed below `home` alone, as careful users have it: symbolic links are forbidden then, and Node gives no fsync and no futimes. */
const HUB_ARGUMENTS = { deno: (home) => ["run", "--quiet", "--allow-read", `--allow-write=${home}`, "--allow-net", "--allow-env"] };
const PERMISSION = (home) => ["--permission", "--allow-fs-read=*", `--allow-fs-write=${home}/*`, "--allow-net", "--allow-worker"];
const forEachServer = (check) =>
  Object.fromEntries(Object.entries(SERVERS).map(([name, runtime]) => check(name, runtime, ARGUMENTS[name] ?? [])));

const CHECKS = {
  ...forEachServer((name, runtime, args) => [name, () => embedIn(runtime, ...args, "server.mjs")]),
  ...forEachServer((name, runtime, args) => [`${name}, worker: true`, () => embedIn(runtime, ...args, "server.mjs", '{ "worker": true }')]),
  ...forEachServer((name, runtime) => [`${name}, the Hub and its cache`, () => fromHub(runtime, HUB_ARGUMENTS[name])]),
  "node26, the Hub and its cache, --permission": () => fromHub(SERVERS.node26, PERMISSION),
  ...(process.platform === "linux" &&
    Object.fromEntries(Object.entries(SERVERS).map(([name, runtime]) => [`${name}, threads end`, () => threadsEnd(runtime, name)]))),
  "node22, one thread": () => embedIn(SERVERS.node22, "server.mjs", '{ "threads": 1 }'),
  ...Object.fromEntries(MAJORS.map((major) => [`commonjs, node${major}`, () => embedIn(SERVERS[`node${major}`], "commonjs.cjs")])),
  ...inChromium(here, model, expected),
  workerd: () => embedIn(SERVERS.node22, "workerd.mjs"),
  "workerd, compiled kernels": () => embedIn(SERVERS.node22, "workerd.mjs", "wasm"),
  publint: () => lint("publint/src/cli.js", "run", root, "--strict"),
  "are the types wrong": () =>
    lint("@arethetypeswrong/cli/dist/index.js", "--pack", root, "--profile", "esm-only", "--exclude-entrypoints", "wasm/*.wasm"),
};

/** Runs a program that prints the result of embed() as JSON; its last arguments are the model and the expectation. */
async function embedIn(runtime, ...args) {
  const at = args.findIndex((arg) => /\.[mc]js$/.test(arg)) + 1;
  return JSON.parse(await output(runtime, [...args.slice(0, at), model, expected, ...args.slice(at)]));
}

/** Deno lets nobody look at /proc who may not do everything. */
async function threadsEnd(runtime, name) {
  return JSON.parse(await output(runtime, [...(name === "deno" ? ["run", "--quiet", "--allow-all"] : []), "threads.mjs", model]));
}

/** A private model out of the Hub, then out of the cache alone. */
async function fromHub(runtime, argumentsFor = () => []) {
  const hub = await startHub(model);
  const home = mkdtempSync(join(tmpdir(), "hummingbert-hub-"));
  const env = { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HOME: home, HF_HUB_CACHE: "", HF_TOKEN: hub.token };
  const args = argumentsFor(home);
  try {
    await output(runtime, [...args, "server.mjs", ID, expected], env);
    if (!requestsOf(hub).includes("GET model.safetensors")) throw new Error("nothing was downloaded");
    const result = await output(runtime, [...args, "server.mjs", ID, expected], { ...env, HF_HUB_OFFLINE: "1" });
    const asked = requestsOf(hub);
    if (asked.length > 0) throw new Error(`asked for ${asked.join(", ")} although it was in the cache`);
    return JSON.parse(result);
  } finally {
    await hub.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function lint(program, ...args) {
  await output(process.execPath, [installed(program), ...args]);
  return { device: "no complaints", worst: 0 };
}

/** stdout of a program that must succeed. */
function output(program, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: here, env, stdio: ["ignore", "pipe", "pipe"], timeout: 120_000 });
    let stdout = "";
    let all = "";
    child.stdout.on("data", (text) => {
      stdout += text;
      all += text;
    });
    child.stderr.on("data", (text) => (all += text));
    child.on("error", reject);
    child.on("close", (code, signal) => (code === 0 ? resolve(stdout) : reject(new Error(`exit ${code ?? signal}: ${all.slice(-3000)}`))));
  });
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.keys(CHECKS).some((check) => check.startsWith(name)));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(", ")}; there is ${Object.keys(CHECKS).join(", ")}`);

if (spawnSync("npm", ["run", "build", "--silent"], { cwd: root, stdio: "inherit" }).status !== 0) throw new Error("npm run build failed");
const failures = [];
for (const [name, check] of Object.entries(CHECKS)) {
  if (wanted.length > 0 && !wanted.some((prefix) => name.startsWith(prefix))) continue;
  try {
    const { device, worst } = await check();
    if (!(worst <= TOLERANCE)) throw new Error(`the vectors differ by ${worst}, more than ${TOLERANCE}`);
    console.log(`ok      ${name.padEnd(32)} ${device.padEnd(14)} largest difference ${worst.toExponential(1)}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAILED  ${name.padEnd(32)} ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(failures.length === 0 ? "\nevery runtime agrees" : `\n${failures.length} failed: ${failures.join(", ")}`);
process.exit(failures.length === 0 ? 0 : 1);
