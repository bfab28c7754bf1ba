/** What every engine is asked to do: batches of token ids, the same for all. Synthetic ones are drawn once from a fixed seed. */
import { existsSync, readFileSync } from "node:fs";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import type { Feeding } from "./engine.ts";

type Text = readonly number[];

export interface Workload {
  readonly name: string;
  /** Done one after the other, as a program would that gets them so. */
  readonly batches: readonly (readonly Text[])[];
  /** The ways of feeding that are compared on it. */
  readonly feedings: readonly Feeding[];
}

const CLS = 101;
const SEP = 102;
const FIRST_WORD = 1996; // bert-base-uncased: "the"; words follow in order of frequency
const WORDS = 20_000;
const STS_TEXTS = 256;
const STS_BATCH = 32;

/** xorshift32: the same ids in every process. */
function randomSource(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function sentence(tokens: number, random: (below: number) => number): number[] {
  return [CLS, ...Array.from({ length: tokens - 2 }, () => FIRST_WORD + random(WORDS)), SEP];
}

export const LENGTHS = [8, 16, 32, 64, 128, 256, 512] as const;
export const BATCHES = ["32x128", "ragged", "sts-b"] as const;

export function single(lengths: readonly number[]): Workload[] {
  return lengths.map((T) => ({ name: `T=${T}`, batches: [[sentence(T, randomSource(42 + T))]], feedings: ["ragged", "padded", "alone"] }));
}

/** The named batches; "sts-b" (the first texts of its test set, in file order) needs the evaluation data beside the clone. */
export async function batches(names: readonly string[], stsFile: string): Promise<Workload[]> {
  const random = randomSource(7);
  const found: Workload[] = [];
  if (names.includes("32x128")) {
    found.push({ name: "32x128", batches: [Array.from({ length: 32 }, () => sentence(128, random))], feedings: ["ragged", "padded"] });
  }
  if (names.includes("ragged")) {
    // 64 texts: nine in ten of 8-24 tokens, one in ten of 200-256.
    const texts = Array.from({ length: 64 }, (_, i) => sentence(i % 10 === 9 ? 200 + random(57) : 8 + random(17), random));
    found.push({ name: "ragged", batches: [texts], feedings: ["ragged", "padded", "single", "buckets"] });
  }
  if (names.includes("sts-b")) {
    if (existsSync(stsFile)) found.push(await stsWorkload(stsFile));
    else console.warn(`SKIPPED sts-b: ${stsFile} is not there`);
  }
  return found;
}

async function stsWorkload(file: string): Promise<Workload> {
  const tokenizer = await Tokenizer.load(new URL("../../weights/all-MiniLM-L6-v2", import.meta.url).href);
  const texts = readFileSync(file, "utf8").split("\n").flatMap(sentencesOf).slice(0, STS_TEXTS);
  const ids = texts.map((text) => tokenizer.encode(text).ids);
  const batches = Array.from({ length: Math.ceil(ids.length / STS_BATCH) }, (_, b) => ids.slice(b * STS_BATCH, (b + 1) * STS_BATCH));
  return { name: "sts-b", batches, feedings: ["ragged", "padded", "single"] };
}

/** The two sentences of a CSV row `sentence,sentence,score`. */
function sentencesOf(row: string): string[] {
  const fields = [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
  );
  return fields.length >= 3 ? fields.slice(0, 2) : [];
}
