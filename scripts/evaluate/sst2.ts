/** SST-2 dev: accuracy of the sentiment model over 872 sentences, inputs cut at 128 tokens. */

import { readFileSync } from "node:fs";
import { loadModel, pipeline, Tokenizer } from "../../src/index.ts";
import { DTYPES, type Figure, WITHIN, weights } from "./figures.ts";

const MODEL = "minilm-l6-sst2";

export async function evaluateSst2(file: string, device: "auto" | "wasm" | "loops" | "reference"): Promise<Figure[]> {
  const rows = readFileSync(file, "utf8")
    .split("\n")
    .slice(1)
    .filter((row) => row !== "")
    .map((row) => row.split("\t") as [sentence: string, label: string]);
  const metrics = JSON.parse(readFileSync(`${weights(MODEL)}/metrics.json`, "utf8")) as { w8_dequantised: { sst2_dev_accuracy: number } };
  const expected = metrics.w8_dequantised.sst2_dev_accuracy;
  const tokenizer = await Tokenizer.load(weights(MODEL));
  const inputs = rows.map(([sentence]) => tokenizer.encode(sentence, null, { truncation: "longest_first", maxLength: 128 }));
  const figures: Figure[] = [];
  for (const dtype of DTYPES) {
    const model = await loadModel(weights(MODEL), { device, dtype });
    const { logits } = await model.forward(inputs);
    const right = rows.filter(([, label], i) => Number(label) === Number(logits![i]!.data[1]! > logits![i]!.data[0]!)).length;
    figures.push({ what: `SST-2 dev accuracy, ${dtype}`, measured: (100 * right) / rows.length, expected, within: WITHIN[dtype] });
    model.dispose();
  }
  const classify = await pipeline("text-classification", weights(MODEL), { device });
  const labels = await classify(rows.map(([sentence]) => sentence));
  const right = rows.filter(([, label], i) => (label === "1" ? "POSITIVE" : "NEGATIVE") === labels[i]!.label).length;
  figures.push({ what: "SST-2 dev accuracy, pipeline (w8)", measured: (100 * right) / rows.length });
  classify.dispose();
  return figures;
}
