/** The reference meets the suite with float64 arithmetic inside: exp and activations are off by their last rounding only. */

import { ReferenceBackend } from "../../../src/kernels/reference/backend.ts";
import { conformance } from "../conformance/suite.ts";

conformance("reference", () => new ReferenceBackend(), { exp: 2 ** -50, activation: 2 ** -24, sums: "f64" });
