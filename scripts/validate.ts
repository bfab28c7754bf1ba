/**
 * npm run validate [-- golden stages sentences sts] [--device reference,loops,wasm] [--quick]
 *
 * Everything that the tests sample, in full, with a table of largest differences: tiny models of every family against float64 (f32 and w8),
 * the real MiniLM stage by stage, 300 sentences, STS-B in f32 and w8. The data lie in ../shared/data. Exit code 1 if a bound is exceeded.
 * --quick takes every tenth sentence and pair; the correlation of so few is shown but not judged.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { endWithOutput } from "../src/cli/output-end.ts";
import { openModelFiles } from "../src/files/index.ts";
import { enableExperimentalSimd, SentenceEncoder } from "../src/index.ts";
import type { EncoderModel } from "../src/models/encoder-model.ts";
import { loadModel } from "../src/models/load-model.ts";
import { batchDifferences, compareSingles, readGolden, W8_ACTIVATION_BOUND, w8Difference } from "../test/models/golden.ts";
import {
  compareStages,
  cosine,
  goldenSentences,
  MODEL,
  maxDifference,
  type StageDifference,
  spearman,
  stsPairs,
} from "../test/real/minilm.ts";
import { sharedData } from "../test/shared.ts";

endWithOutput("validate");

type DeviceName = "reference" | "loops" | "wasm";
const WEIGHTS = new URL("../weights/all-MiniLM-L6-v2", import.meta.url).href;
let failures = 0;

/** A figure and whether it is inside its bound. */
function verdict(isGood: boolean): string {
  if (!isGood) failures++;
  return isGood ? "ok" : "OUTSIDE";
}

const small = (x: number) => x.toExponential(1).padStart(8);

/** Each golden folder on each device: largest difference as a share of what is allowed, and whether batch and single agree to the bit. */
async function validateGolden(devices: readonly DeviceName[]): Promise<void> {
  console.log(
    `Tiny models against float64: largest difference / allowed (three of PyTorch's f32 errors), per device;\nw8: largest difference to the same int8 weights in f32, as a share of the largest value, allowed ${W8_ACTIVATION_BOUND}\n`,
  );
  for (const set of ["golden/tiny", "golden/bert-variants"]) {
    const root = sharedData(set)!;
    for (const name of readdirSync(root).filter((entry) => existsSync(join(root, entry, "golden.json")))) {
      const folder = join(root, name);
      const golden = readGolden(folder);
      const cells: string[] = [];
      for (const device of devices) {
        const model = await loadModel(folder, { device });
        const differences = await compareSingles(model, golden);
        const worst = differences.reduce((a, b) => (b.max / b.allowed > a.max / a.allowed ? b : a));
        const differing = await batchDifferences(model, golden);
        model.dispose();
        const w8 = await w8Difference(await openModelFiles(folder, {}), golden, device);
        const bits = differing.length === 0 ? "same bits" : `${differing.length} differ`;
        const isGood = worst.max <= worst.allowed && differing.length === 0 && w8 <= W8_ACTIVATION_BOUND;
        cells.push(`${device} ${small(worst.max)} /${small(worst.allowed)} ${bits}, w8 ${small(w8)} ${verdict(isGood)}`);
      }
      console.log(`  ${name.padEnd(30)} ${golden.className.padEnd(36)} ${cells.join("   ")}`);
    }
  }
}

/** Each stage of the real model: the largest difference over the nine texts. */
async function validateStages(devices: readonly DeviceName[]): Promise<void> {
  console.log("\nall-MiniLM-L6-v2, stages of nine texts against float64: largest difference, and allowed\n");
  for (const device of devices) {
    const model = await loadModel(sharedData(MODEL), { device });
    const byStage = new Map<string, StageDifference>();
    for (const difference of await compareStages(model as EncoderModel)) {
      const worst = byStage.get(difference.stage);
      if (!worst || difference.max > worst.max) byStage.set(difference.stage, difference);
    }
    model.dispose();
    for (const { stage, text, max, allowed } of byStage.values()) {
      console.log(`  ${device.padEnd(10)} ${stage.padEnd(12)} ${small(max)} /${small(allowed)}  ${verdict(max <= allowed)}  (${text})`);
    }
  }
}

/** Of the 300 sentences each device takes every n-th, and encodes every m-th again, alone: the reference needs minutes for what wasm does in seconds. */
const SENTENCE_STEPS: Readonly<Record<DeviceName, { readonly each: number; readonly alone: number }>> = {
  reference: { each: 10, alone: 10 },
  loops: { each: 1, alone: 10 },
  wasm: { each: 1, alone: 1 },
};

/** Sentence vectors: cosine to float64, largest difference, and bits alone against bits in batches. */
async function validateSentences(devices: readonly DeviceName[], every: number): Promise<void> {
  const golden = await goldenSentences();
  console.log(`\nSentence vectors against float64\n`);
  for (const device of devices) {
    const each = SENTENCE_STEPS[device].each * every;
    const alone = SENTENCE_STEPS[device].alone * every;
    const texts = golden.texts.filter((_text, i) => i % each === 0);
    const vectors = golden.vectors.filter((_vector, i) => i % each === 0);
    for (const dtype of ["f32", "w8"] as const) {
      const encoder = await SentenceEncoder.load(sharedData(MODEL), { device, dtype });
      const ours = await encoder.encode(texts);
      let differing = 0;
      for (let i = 0; i < texts.length; i += alone / each) {
        const vector = await encoder.encode(texts[i]!);
        if (!vector.every((value, c) => Object.is(value, ours[i]![c]))) differing++;
      }
      encoder.dispose();
      const lowest = Math.min(...ours.map((vector, i) => cosine(vector, vectors[i]!)));
      const largest = Math.max(...ours.map((vector, i) => maxDifference(vector, vectors[i]!)));
      const isGood = differing === 0 && lowest >= (dtype === "f32" ? 0.9999999 : 0.99);
      console.log(
        `  ${device.padEnd(10)} ${dtype} ${String(texts.length).padStart(4)} texts  lowest cosine ${lowest.toFixed(9)}  largest difference ${small(largest)}  ${differing} change alone  ${verdict(isGood)}`,
      );
    }
  }
}

/** STS-B test, 1,379 pairs: Spearman of f32, and what w8 loses, by Spearman and by cosine to the f32 vectors. */
async function validateSts(device: DeviceName, every: number): Promise<void> {
  const pairs = stsPairs().filter((_pair, i) => i % every === 0);
  const texts = pairs.flatMap(({ a, b }) => [a, b]);
  console.log(`\nSTS-B test, ${pairs.length} pairs, on ${device}\n`);
  let reference: Float32Array[] | undefined;
  const runs = [
    ["f32, official file", sharedData(MODEL), "f32", 82.03, 0.005],
    ["w8, quantised while loading", sharedData(MODEL), "w8", 81.98, 0.05],
    ["w8, weights/", WEIGHTS, "w8", 81.98, 0.05],
    ["f32 from the int8 of weights/", WEIGHTS, "f32", 81.98, 0.05],
  ] as const;
  for (const [name, source, dtype, expected, within] of runs) {
    const encoder = await SentenceEncoder.load(source, { device, dtype });
    const vectors = await encoder.encode(texts);
    encoder.dispose();
    const cosines = pairs.map((_pair, i) => cosine(vectors[2 * i]!, vectors[2 * i + 1]!));
    const rho =
      100 *
      spearman(
        cosines,
        pairs.map(({ gold }) => gold),
      );
    reference ??= vectors;
    const toF32 = vectors.map((vector, i) => cosine(vector, reference![i]!));
    const mean = toF32.reduce((sum, value) => sum + value, 0) / toF32.length;
    const toPython = maxDifference(
      cosines,
      pairs.map((pair) => pair.cosine),
    );
    console.log(
      `  ${name.padEnd(30)} Spearman ${rho.toFixed(3)} ${verdict(every > 1 || Math.abs(rho - expected) <= within)}   cosine to f32: mean ${mean.toFixed(5)}, lowest ${Math.min(...toF32).toFixed(5)}   cosines differ from sentence-transformers by at most ${small(toPython)}`,
    );
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { device: { type: "string", default: "reference,loops,wasm" }, quick: { type: "boolean", default: false } },
  });
  if (sharedData(MODEL) === undefined) {
    console.error("../shared/data is not here: nothing to validate against");
    process.exitCode = 1;
    return;
  }
  enableExperimentalSimd();
  const devices = values.device.split(",") as DeviceName[];
  const every = values.quick ? 10 : 1;
  const wanted = (name: string) => positionals.length === 0 || positionals.includes(name);
  if (wanted("golden")) await validateGolden(devices);
  if (wanted("stages")) await validateStages(devices);
  if (wanted("sentences")) await validateSentences(devices, every);
  if (wanted("sts")) await validateSts(devices.at(-1)!, every);
  console.log(failures === 0 ? "\nall within their bounds" : `\n${failures} figures are outside their bounds`);
  process.exitCode = failures === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
