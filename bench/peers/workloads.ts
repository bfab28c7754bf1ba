/** What every engine is asked to do: batches of token ids, the same for all, drawn once from a fixed seed. */

export interface Workload {
  readonly name: string;
  readonly batch: readonly (readonly number[])[];
  /** Work that padding makes pointless to run more than a few times. */
  readonly heavy: boolean;
}

const CLS = 101;
const SEP = 102;
const FIRST_WORD = 1996; // bert-base-uncased: "the"; words follow in order of frequency
const WORDS = 20_000;

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

export function workloads(lengths: readonly number[] = LENGTHS, batches = true): Workload[] {
  const random = randomSource(42);
  const single = lengths.map((T) => ({ name: `T=${T}`, batch: [sentence(T, random)], heavy: false }));
  if (!batches) return single;
  const even = Array.from({ length: 32 }, () => sentence(128, random));
  // 64 texts: nine in ten of 8-24 tokens, one in ten of 200-256.
  const ragged = Array.from({ length: 64 }, (_, i) => sentence(i % 10 === 9 ? 200 + random(57) : 8 + random(17), random));
  return [...single, { name: "32x128", batch: even, heavy: true }, { name: "ragged", batch: ragged, heavy: true }];
}
