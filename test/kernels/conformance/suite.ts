/**
 * The conformance suite: what every backend must do, run for each of them.
 *
 *   conformance("loops", () => new LoopsBackend(), { exp: 2 ** -24 })
 *
 * Results are compared with float64 formulas (oracle.ts, attention-oracle.ts) within bounds derived from K, U = 2^-24 and magnitudes;
 * `tolerances` states what the backend promises of its own functions (exp, the activations, how it computes W8).
 * Inputs go in through `constant`, `linear` and `table`, results come out of `pass`: nothing here knows where the memory lies.
 */

import { afterAll, beforeAll, describe } from "vitest";
import type { Backend } from "../../../src/tensor/backend.ts";
import { Harness, type Tolerances } from "./harness.ts";
import { invariants } from "./invariants.ts";
import { elementwise, lookups, rows } from "./primitives.ts";
import { attentions, fused, linears } from "./products.ts";

export type { Tolerances } from "./harness.ts";

export function conformance(name: string, makeBackend: () => Backend | Promise<Backend>, tolerances: Tolerances = {}): void {
  describe(`conformance: ${name}`, () => {
    let harness: Harness | undefined;
    beforeAll(async () => {
      harness = new Harness(await makeBackend(), tolerances);
    });
    afterAll(() => harness?.backend.dispose());
    const given = () => harness!;

    describe("lookups", () => lookups(given));
    describe("elements", () => elementwise(given));
    describe("rows", () => rows(given));
    describe("linear layers", () => linears(given));
    describe("fused ops", () => fused(given));
    describe("attention", () => attentions(given));
    describe("promises", () => invariants(given));
  });
}
