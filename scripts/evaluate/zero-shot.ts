/**
 * What zero-shot classification over 20 labels costs: one call (one ragged batch) against 20 calls with a label each, in CPU time.
 * There is no NLI model in weights/, so the sentiment model stands in: same size and head, the answers mean nothing here.
 */

import { pipeline } from "../../src/index.ts";
import { type Figure, weights } from "./figures.ts";

const LABELS =
  "sport politics business science technology travel food music film health weather law art history war money school family animals cars".split(
    " ",
  );
const TEXT = "The home side took the lead twice before half time and held on after a nervous last ten minutes.";
const ROUNDS = 5;

export async function evaluateZeroShot(device: "auto" | "wasm" | "loops" | "reference"): Promise<Figure[]> {
  const classify = await pipeline("zero-shot-classification", weights("minilm-l6-sst2"), { device });
  await classify(TEXT, LABELS); // kernels compile
  const together = await cpuMs(() => classify(TEXT, LABELS));
  const single = await cpuMs(async () => {
    for (const label of LABELS) await classify(TEXT, [label]);
  });
  classify.dispose();
  return [
    { what: "20 labels in one call, ms of CPU", measured: together },
    { what: "20 calls of one label, ms of CPU", measured: single },
    { what: "ratio", measured: single / together },
  ];
}

/** The least of a few rounds: other work on the machine only adds. */
async function cpuMs(run: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}
