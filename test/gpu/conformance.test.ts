/**
 * The conformance suite of test/kernels, as the reference, loops and wasm pass it, over every GPU device.
 *
 * gpu.js's cpu mode computes in float64 between stores, the others in f32; all multiply int8 weights out (W8A32).
 */

import { expect, test } from "vitest";
import { GpuJsBackend } from "../../src/kernels/gpujs/backend.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import { conformance } from "../kernels/conformance/suite.ts";
import { DEVICES } from "./devices.ts";

for (const [name, device] of DEVICES) {
  let backend: Backend | undefined;
  conformance(
    name,
    async () => {
      backend = await device.createBackend();
      return backend;
    },
    { w8: "dequantized" },
  );
  test(`${name}: no kernel of gpu.js fell back to another mode`, () => {
    expect(backend).toBeDefined();
    if (backend instanceof GpuJsBackend) expect(backend.fallbacks).toEqual([]);
  });
}
