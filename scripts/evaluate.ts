/**
 * npm run evaluate [-- sst2 ner qa sts zero-shot] [--device wasm]
 *
 * Reproduces the figures that the models in weights/ claim (metrics.json), from their files in f32 and w8, beside what the task pipelines score,
 * STS-B of all-MiniLM-L6-v2, and what zero-shot over 20 labels costs. The data lie in ../shared/data; a set that is absent is named and left out. Exit code 1 if a figure is outside its bound.
 */

import { parseArgs } from "node:util";
import { endWithOutput } from "../src/cli/output-end.ts";
import { enableExperimentalSimd, engineInfo } from "../src/index.ts";
import { type Figure, isGood, line, sharedFile } from "./evaluate/figures.ts";
import { evaluateNer } from "./evaluate/ner.ts";
import { evaluateQa } from "./evaluate/qa.ts";
import { evaluateSst2 } from "./evaluate/sst2.ts";
import { evaluateSts } from "./evaluate/sts.ts";
import { evaluateZeroShot } from "./evaluate/zero-shot.ts";

endWithOutput("evaluate");

type Device = "auto" | "wasm" | "loops" | "reference";
const NER_SETS = ["dev_uner", "test_uner", "dev_wikigold"];

const EVALUATIONS: Readonly<
  Record<string, { readonly data: readonly string[]; readonly run: (files: string[], device: Device) => Promise<Figure[]> }>
> = {
  sst2: { data: ["sst2/dev.tsv"], run: ([file], device) => evaluateSst2(file!, device) },
  ner: {
    data: NER_SETS.map((name) => `uner/${name}.conll`),
    run: (files, device) =>
      evaluateNer(
        files.map((file, i) => [NER_SETS[i]!, file] as const),
        device,
      ),
  },
  qa: { data: ["xquad/xquad.en.json"], run: ([file], device) => evaluateQa(file!, device) },
  "zero-shot": { data: [], run: (_files, device) => evaluateZeroShot(device) },
  sts: { data: ["stsb/stsb-en-test.csv"], run: ([file], device) => evaluateSts(file!, sharedFile("models/all-MiniLM-L6-v2"), device) },
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { device: { type: "string", default: "auto" } } });
  const names = positionals.length > 0 ? positionals : Object.keys(EVALUATIONS);
  enableExperimentalSimd();
  console.log(`hummingbert evaluation, device ${values.device}, kernels ${engineInfo().kernels}\n`);
  let failures = 0;
  for (const name of names) {
    const evaluation = EVALUATIONS[name];
    if (evaluation === undefined) throw new Error(`"${name}" is no evaluation; expected ${Object.keys(EVALUATIONS).join(", ")}`);
    const files = evaluation.data.map(sharedFile);
    const missing = evaluation.data.filter((_, i) => files[i] === undefined);
    if (missing.length > 0) {
      console.log(`${name}: SKIPPED, ../shared/data/${missing[0]} is not here\n`);
      continue;
    }
    const start = process.cpuUsage();
    const figures = await evaluation.run(files as string[], values.device as Device);
    const { user, system } = process.cpuUsage(start);
    console.log(`${name} (${((user + system) / 1e6).toFixed(1)} s of CPU)`);
    for (const figure of figures) console.log(line(figure));
    console.log();
    failures += figures.filter((figure) => !isGood(figure)).length;
  }
  if (failures > 0) console.log(`${failures} figures are outside their bounds`);
  process.exitCode = failures > 0 ? 1 : 0;
}

await main();
