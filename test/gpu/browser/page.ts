/** What runs in the page: the conformance suite over the device that the address names, e.g. /?device=webgpu. */

import { GPU } from "gpu.js";
import type { GpuJsBackend } from "../../../src/kernels/gpujs/backend.ts";
import { type GpuJsMode, gpuJs } from "../../../src/kernels/gpujs/index.ts";
import { webgpu } from "../../../src/kernels/webgpu/index.ts";
import type { Backend } from "../../../src/tensor/backend.ts";
import { conformance } from "../../kernels/conformance/suite.ts";
import { type Outcome, runAll } from "./vitest.ts";

declare global {
  interface Window {
    /** Set by the test: hears of each outcome. */
    outcome(outcome: Outcome): Promise<void>;
    run(device: string): Promise<void>;
  }
}

window.run = async (name) => {
  const device = name === "webgpu" ? webgpu() : gpuJs(GPU, { mode: name.replace("gpu.js ", "") as GpuJsMode });
  let backend: Backend | undefined;
  conformance(
    name,
    async () => {
      backend = await device.createBackend();
      return backend;
    },
    { w8: "dequantized" },
  );
  const outcomes: Promise<void>[] = [];
  await runAll((outcome) => outcomes.push(window.outcome(outcome)));
  const fallbacks = (backend as Partial<GpuJsBackend>).fallbacks ?? [];
  outcomes.push(
    window.outcome({ name: "no kernel fell back to another mode", ...(fallbacks.length > 0 && { error: fallbacks.join("; ") }) }),
  );
  await Promise.all(outcomes);
};
