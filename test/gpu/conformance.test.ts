/**
 * The conformance suite of test/kernels, as the reference, loops and wasm pass it, over every GPU device.
 *
 * gpu.js's cpu mode computes in float64 between stores, the others in f32; all multiply int8 weights out (W8A32).
 */

import { conformance, type Tolerances } from "../kernels/conformance/suite.ts";
import { DEVICES } from "./devices.ts";

const TOLERANCES: Readonly<Record<string, Tolerances>> = {};

for (const [name, device] of DEVICES) {
  conformance(name, () => device.createBackend(), { w8: "dequantized", ...TOLERANCES[name] });
}
