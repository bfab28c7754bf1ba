/** The loops compute in float64 too; their GELU has a table of its own, within 2e-12. */

import { LoopsBackend } from "../../../src/kernels/loops/backend.ts";
import { CoreLoopsBackend } from "../../../src/kernels/loops/core-backend.ts";
import { conformance } from "../conformance/suite.ts";

const tolerances = { exp: 2 ** -50, activation: 2 ** -24, sums: "f64" } as const;
conformance("loops", () => new LoopsBackend(), tolerances);
conformance("loops, as slim has it", () => new CoreLoopsBackend(), tolerances);
