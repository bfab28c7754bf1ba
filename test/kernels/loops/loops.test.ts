/** The loops compute in float64 too; their GELU has a table of its own, within 2e-12. */

import { LoopsBackend } from "../../../src/kernels/loops/backend.ts";
import { conformance } from "../conformance/suite.ts";

conformance("loops", () => new LoopsBackend(), { exp: 2 ** -50, activation: 2 ** -24, sums: "f64" });
