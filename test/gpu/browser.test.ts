/**
 * The conformance suite in a real browser: headless Chromium with its software GPU, WebGPU and gpu.js's webgl2 and webgpu modes.
 * The page is bundled and minified, so this is also the test that gpu.js's kernels survive a minifier.
 */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome } from "./browser/vitest.ts";

const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
];

let server: Server;
let browser: Browser;

beforeAll(async () => {
  const executablePath = process.env.CHROMIUM;
  if (!executablePath) throw new Error("browser tests: run them with `npm run test:gpu`, which finds or installs Chromium");
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL("browser/page.ts", import.meta.url))],
    alias: { vitest: fileURLToPath(new URL("browser/vitest.ts", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
  });
  const script = bundle.outputFiles[0]!.contents;
  server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><meta charset="utf-8"><script src="/page.js"></script>');
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

test.each(["webgpu", "gpu.js webgl2", "gpu.js webgpu"])("conformance of %s in Chromium", { timeout: 600_000 }, async (device) => {
  const page = await browser.newPage();
  const passed: string[] = [];
  const failed: string[] = [];
  await page.exposeFunction("outcome", ({ name, error }: Outcome) => {
    if (error === undefined) passed.push(name);
    else failed.push(`${name}: ${error}`);
  });
  page.on("pageerror", (error) => failed.push(`page: ${error.message}`));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.evaluate((name) => window.run(name), device);
  await page.close();
  console.log(`${device} in Chromium: ${passed.length} passed, ${failed.length} failed`);
  expect(failed).toEqual([]);
  expect(passed.length).toBeGreaterThan(100);
});
