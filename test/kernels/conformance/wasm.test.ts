/** The wasm backend in the suite, at the feature level of this runtime and at the baseline, and with BERT's kernels alone (hummingbert/slim). exp states 1 ulp, activations at most 5 ulp (of 1). */

import { WasmBackend } from "../../../src/kernels/wasm/backend.ts";
import { CoreWasmBackend } from "../../../src/kernels/wasm/core-backend.ts";
import { currentLevel } from "../../../src/kernels/wasm/features.ts";
import { baseline } from "../../../src/kernels/wasm/level.ts";
import { conformance } from "./suite.ts";

const tolerances = { exp: 2 ** -23, activation: 5 * 2 ** -23 };
conformance("wasm", () => new WasmBackend(currentLevel()), tolerances);
conformance("wasm, baseline SIMD", () => new WasmBackend(baseline), tolerances);
conformance("wasm, the kernels of slim", () => new CoreWasmBackend(currentLevel()), tolerances);
