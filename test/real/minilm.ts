/**
 * The real all-MiniLM-L6-v2 against PyTorch in float64: stage by stage, sentence vectors, STS-B.
 * Shared by the tests (a stated sample) and by `npm run validate` (all of it, with a table).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EncoderModel } from "../../src/models/encoder-model.ts";
import type { ModelInput } from "../../src/models/types.ts";
import { parseSafetensors } from "../../src/safetensors/index.ts";
import { sharedData } from "../shared.ts";

/** A stage may err by this many times the f32 error that PyTorch has there, and by no more than 1e-5. */
export const STAGE_FACTOR = 3;
export const STAGE_LIMIT = 1e-5;

export const GOLDEN = "golden/all-MiniLM-L6-v2";
export const MODEL = "models/all-MiniLM-L6-v2";

export interface StageDifference {
  readonly stage: string;
  readonly text: string;
  readonly max: number;
  readonly allowed: number;
}

interface StageJson {
  readonly texts: readonly {
    readonly name: string;
    readonly rows: readonly number[];
    readonly attn_rows: readonly number[];
    readonly stages: Readonly<Record<string, { readonly shape: readonly number[] }>>;
  }[];
  readonly f32_error_budget: Readonly<Record<string, { readonly f32_eager_max_abs_err: number }>>;
}

/** Largest difference of each stage of each text (`names`, or all nine). The model must be the bare encoder. */
export async function compareStages(model: EncoderModel, names?: readonly string[]): Promise<StageDifference[]> {
  const folder = sharedData(GOLDEN)!;
  const { texts, f32_error_budget: budget } = JSON.parse(readFileSync(join(folder, "stages.json"), "utf8")) as StageJson;
  const golden = parseSafetensors(new Uint8Array(readFileSync(join(folder, "stages.safetensors"))));
  const differences: StageDifference[] = [];
  for (const { name, rows, attn_rows, stages } of texts) {
    if (names && !names.includes(name)) continue;
    const input: ModelInput = {
      ids: [...(await golden.floats(`${name}/input_ids`))],
      typeIds: [...(await golden.floats(`${name}/token_type_ids`))],
    };
    const output = await model.forward([input], { hiddenStates: true, attentions: true });
    const [mean, embedding] = await poolMean(model, [input]);
    for (const stage of Object.keys(stages)) {
      const expected = await golden.floats(`${name}/${stage}`);
      const found = stageOf(stage);
      const allowed = Math.min(STAGE_LIMIT, STAGE_FACTOR * budget[stage]!.f32_eager_max_abs_err);
      differences.push({ stage, text: name, max: maxDifference(found, expected), allowed });
    }
    function stageOf(stage: string): Float32Array {
      const [kind, l] = stage.split(".");
      if (kind === "pooler") return output.pooled![0]!.data;
      if (kind === "mean") return mean!;
      if (kind === "embedding") return embedding!;
      if (kind === "attn") return pickRows(output.attentions![Number(l)]![0]!.data, input.ids.length, input.ids.length, attn_rows);
      const layer = output.hiddenStates![kind === "embeddings" ? 0 : Number(l) + 1]![0]!;
      return pickRows(layer.data, input.ids.length, layer.shape[1]!, rows);
    }
  }
  return differences;
}

/** The rows `rows` of each [S, cols] block of x. */
function pickRows(x: Float32Array, S: number, cols: number, rows: readonly number[]): Float32Array {
  const blocks = x.length / (S * cols);
  const picked = new Float32Array(blocks * rows.length * cols);
  let at = 0;
  for (let block = 0; block < blocks; block++) {
    for (const row of rows) {
      picked.set(x.subarray((block * S + row) * cols, (block * S + row + 1) * cols), at);
      at += cols;
    }
  }
  return picked;
}

/** Mean pooled [B * C] and the same normalised, computed inside the pass. */
export function poolMean(model: EncoderModel, batch: readonly ModelInput[]): Promise<Float32Array[]> {
  return model.computeHidden(batch, (backend, hidden, sequences) => {
    const mean = backend.alloc(sequences.B, hidden.cols);
    const normalized = backend.alloc(sequences.B, hidden.cols);
    backend.pool(mean, hidden, sequences, "mean");
    backend.normalize(normalized, mean);
    return [mean, normalized];
  });
}

/** The 300 golden sentences and their vectors (float64, truncated at 256 tokens). */
export async function goldenSentences(): Promise<{ texts: string[]; vectors: Float32Array[] }> {
  const folder = sharedData(GOLDEN)!;
  const lines = readFileSync(join(folder, "sentences.jsonl"), "utf8").trimEnd().split("\n");
  const texts = lines.map((line) => JSON.parse(line).text as string);
  const all = await parseSafetensors(new Uint8Array(readFileSync(join(folder, "sentences.safetensors")))).floats("embeddings");
  const C = all.length / texts.length;
  return { texts, vectors: texts.map((_text, i) => all.subarray(i * C, (i + 1) * C)) };
}

export interface StsPair {
  readonly a: string;
  readonly b: string;
  readonly gold: number;
  /** The cosine that sentence-transformers gives this pair, in f32, to seven digits. */
  readonly cosine: number;
}

/** The 1,379 pairs of STS-B's test split. */
export function stsPairs(): StsPair[] {
  const csv = readFileSync(sharedData("stsb/stsb-en-test.csv")!, "utf8").split("\n");
  const { cosine } = JSON.parse(readFileSync(join(sharedData(GOLDEN)!, "stsb-test.json"), "utf8")) as { cosine: readonly number[] };
  return csv
    .filter((line) => line !== "")
    .map((line, i) => {
      const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
      );
      return { a: cells[0]!, b: cells[1]!, gold: Number(cells[2]), cosine: cosine[i]! };
    });
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let c = 0; c < a.length; c++) {
    ab += a[c]! * b[c]!;
    aa += a[c]! * a[c]!;
    bb += b[c]! * b[c]!;
  }
  return ab / Math.sqrt(aa * bb);
}

export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let max = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= max)) max = difference; // NaN wins
  }
  return max;
}

/** Spearman's rank correlation; ties share their mean rank. */
export function spearman(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [ranks(x), ranks(y)];
  const middle = (a.length - 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - middle) * (b[i]! - middle);
    aa += (a[i]! - middle) ** 2;
    bb += (b[i]! - middle) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_value, i) => i).sort((i, j) => values[i]! - values[j]!);
  const rank: number[] = new Array(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first;
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++;
    for (let i = first; i < end; i++) rank[order[i]!] = (first + end - 1) / 2;
    first = end;
  }
  return rank;
}
