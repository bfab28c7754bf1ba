// Runs the GPU tests with the GPUs that every machine can have: gpu.js on the CPU, and Chromium's software GPU (SwiftShader) for WebGPU and WebGL.
// Finds Chromium or installs it (Debian, as root); where that cannot be done it fails and says what is missing. Arguments go to vitest.
//   CHROMIUM=/path/to/chromium   use that browser          VK_DRIVER_FILES=/path/to/icd.json   use that Vulkan driver for Dawn

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");

const chromium = findChromium() ?? installChromium();
if (!chromium) fail("no Chromium found and none could be installed; install it or set CHROMIUM to its executable");
// The bench wants the machine's own GPU where there is one; the tests want the same software GPU everywhere.
const isBench = process.argv[2] === "bench" || process.argv[2] === "kernels";
const wantsOwn = process.env.VK_DRIVER_FILES !== undefined || (isBench && hasDrivers());
const software = softwareGpu(chromium);
if (!software && !wantsOwn)
  fail(`no vk_swiftshader_icd.json beside ${chromium}; Dawn needs a Vulkan driver: set VK_DRIVER_FILES to the one to use`);
if (!existsSync(join(root, "node_modules/vitest"))) fail("the root's packages are not installed; run npm ci there first");

// `node run.mjs bench` times forwards (bench.ts), `node run.mjs kernels ...` operations (bench/main.ts), anything else runs the tests.
const command = isBench
  ? [
      "--import",
      "tsx",
      ...(process.argv[2] === "bench" ? [join(here, "bench.ts")] : [join(root, "bench/main.ts"), ...process.argv.slice(3)]),
    ]
  : [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", join(here, "vitest.config.ts"), ...process.argv.slice(2)];
const child = spawnSync(process.execPath, command, {
  cwd: root,
  stdio: "inherit",
  env: {
    ...process.env,
    CHROMIUM: chromium,
    ...(wantsOwn ? {} : { VK_DRIVER_FILES: software }),
    // Dawn loads libvulkan.so.1 by name; Chromium brings one.
    LD_LIBRARY_PATH: [dirname(software ?? chromium), process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
  },
});
process.exit(child.status ?? 1);

function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const folders = ["/usr/bin", "/usr/local/bin", "/snap/bin"];
  const candidates = [process.env.CHROMIUM, ...folders.flatMap((folder) => names.map((name) => join(folder, name)))];
  return candidates.find((path) => path && existsSync(path));
}

function installChromium() {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return undefined;
  console.log("test:gpu: installing Chromium");
  const apt = (...args) => spawnSync("apt-get", args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  apt("update");
  apt("install", "-y", "--no-install-recommends", "chromium");
  return findChromium();
}

/** The Vulkan driver in software that comes with Chromium: beside the real executable, or in Debian's folder for it. */
function softwareGpu(executable) {
  const folders = [dirname(realpathSync(executable)), "/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];
  return folders.map((folder) => join(folder, "vk_swiftshader_icd.json")).find((file) => existsSync(file));
}

function hasDrivers() {
  const folders = ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d"].filter((folder) => existsSync(folder));
  return folders.some((folder) => readdirSync(folder).length > 0);
}

function fail(message) {
  console.error(`test:gpu: ${message}`);
  process.exit(1);
}
