// Headless Chromium: the package as users bundle it (esbuild, Vite), in a page, a module worker, a service worker, a page that may share memory,
// and a page whose policy forbids to compile WebAssembly. CHROMIUM names the executable; on Debian as root it is installed where it is missing.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { chromium } from "playwright-core";
import * as vite from "vite";
import { ID, requestsOf, startHub } from "./hub.mjs";

const STRICT = { "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'" };
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const TYPES = { ".js": "text/javascript", ".json": "application/json", ".html": "text/html" };

/** The checks by name; the browser starts with the first and ends with the process. */
export function inChromium(here, model, expected) {
  let started;
  const start = () => (started ??= open(here, model, expected));
  const check =
    (bundle, place, device, options = {}) =>
    async () => {
      const { origin, browser } = await start();
      const page = await (await browser.newContext()).newPage();
      const errors = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      try {
        await page.goto(`${origin}/${bundle}/`);
        await page.waitForFunction(() => globalThis.embedIn !== undefined, undefined, { timeout: 15_000 });
        const result = await page.evaluate(([place, options]) => globalThis.embedIn(place, options), [place, options]);
        if (result.device !== device) throw new Error(`ran on ${result.device}, expected ${device}`);
        if (result.info && !result.info.kernels.startsWith(device)) throw new Error(`engineInfo() says ${JSON.stringify(result.info)}`);
        if (place === "threads" && result.info.threads !== 3) throw new Error(`threads in an isolated page: ${result.info.threads}`);
        if (result.longestTask >= 50) throw new Error(`the main thread was busy for ${result.longestTask} ms at a time`);
        return result;
      } catch (error) {
        throw new Error([error.message, ...errors].join("; "), { cause: error });
      } finally {
        await page.context().close();
      }
    };
  return {
    "page, bundled by esbuild": check("esbuild", "page", "wasm"),
    "page, hummingbert/slim": check("esbuild", "slim", "wasm"),
    "page, bundled by Vite": check("vite", "page", "wasm"),
    "page, worker: true, esbuild": check("esbuild", "page", "wasm", { worker: true }),
    "page, worker: true, Vite": check("vite", "page", "wasm", { worker: true }),
    "page, worker: true, stays responsive": check("esbuild", "responsive", "wasm", { worker: true }),
    "page, the Hub and the Cache API": async () => {
      const hub = await startHub(model);
      try {
        const result = await check("esbuild", "hub", "wasm", { id: ID, endpoint: hub.endpoint, token: hub.token })();
        const asked = requestsOf(hub);
        if (asked.length !== new Set(asked).size + 1) throw new Error(`asked for ${asked.join(", ")}`); // once each, the weights of Hub and storage
        return result;
      } finally {
        await hub.stop();
      }
    },
    "page, a URL of another origin": async () => {
      const { elsewhere } = await start();
      return check("esbuild", "slim", "wasm", { from: elsewhere })();
    },
    "page, cross-origin isolated, one and three threads": check("isolated", "threads", "wasm"),
    "module worker": check("esbuild", "module worker", "wasm"),
    "service worker": check("esbuild", "service worker", "wasm"),
    "page, policy without WebAssembly": check("strict", "page", "loops"),
  };
}

async function open(here, model, expected) {
  const out = mkdtempSync(join(tmpdir(), "hummingbert-runtimes-"));
  process.on("exit", () => rmSync(out, { recursive: true, force: true }));
  // A worker that holds the model is a file beside the bundle: Vite finds it, for esbuild it is one more entry.
  const programs = {
    main: "hummingbert/worker",
    page: join(here, "programs/page.mjs"),
    worker: join(here, "programs/worker.mjs"),
    "service-worker": join(here, "programs/worker.mjs"),
  };
  const shared = { absWorkingDir: here, bundle: true, minify: true, format: "esm", platform: "browser" };
  await esbuild.build({ ...shared, entryPoints: programs, outdir: join(out, "esbuild") });
  await vite.build({
    configFile: false,
    base: "./",
    logLevel: "warn",
    root: here,
    build: {
      outDir: join(out, "vite"),
      emptyOutDir: true,
      rollupOptions: { input: programs.page, preserveEntrySignatures: "strict", output: { entryFileNames: "[name].js" } },
    },
  });
  const headers = { esbuild: {}, vite: {}, strict: STRICT, isolated: ISOLATED };
  const server = createServer((request, response) => {
    const [, bundle, ...rest] = new URL(request.url, "http://localhost").pathname.split("/");
    const name = rest.join("/");
    const folder = join(out, bundle === "vite" ? "vite" : "esbuild");
    const weights = join(here, "../../weights/all-MiniLM-L6-v2");
    const file = name.startsWith("minilm/")
      ? join(weights, name.slice(7))
      : name.startsWith("model/")
        ? join(model, name.slice(6))
        : name === "expected.json"
          ? expected
          : join(folder, name);
    const isPage = name === "";
    if (!(bundle in headers) || !(isPage || existsSync(file))) return response.writeHead(404).end();
    response.writeHead(200, {
      ...headers[bundle],
      "Content-Type": isPage ? "text/html" : (TYPES[extname(file)] ?? "application/octet-stream"),
    });
    response.end(isPage ? '<!doctype html><title>hummingbert</title><script type="module" src="./page.js"></script>' : readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  // Another origin that lets pages in and shows them no header that it need not: neither what is compressed nor what a range is part of.
  const elsewhere = createServer((request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    const file = join(model, request.url);
    if (!existsSync(file)) return response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const bytes = readFileSync(file);
    const isText = extname(file) === ".json" && range === null;
    const body = isText ? gzipSync(bytes) : range === null ? bytes : bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    response.writeHead(range === null ? 200 : 206, {
      "Content-Length": body.length,
      ...(isText && { "Content-Encoding": "gzip" }),
      ...(range && { "Content-Range": `bytes ${range[1]}-${Number(range[1]) + body.length - 1}/${bytes.length}` }),
    });
    response.end(body);
  });
  await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox"] });
  const origin = `http://localhost:${server.address().port}`;
  return { origin, elsewhere: `http://127.0.0.1:${elsewhere.address().port}`, browser };
}

function findChromium() {
  const names = [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/google-chrome",
  ];
  const find = () => names.find((path) => path && existsSync(path));
  if (find() === undefined && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    spawnSync("apt-get", ["update"], { stdio: "ignore" });
    spawnSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { stdio: "ignore" });
  }
  const found = find();
  if (found === undefined) throw new Error("no Chromium found; install it or set CHROMIUM to its executable");
  return found;
}
