/**
 * The public edge of a model: checks what forward was given, cuts a long batch into passes, lays a pass out as ragged tokens.
 * After this no kernel needs to check an id again.
 */

import { check, checkList, show } from "../checks.ts";
import { ShapeError } from "../errors.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Rows } from "../tensor/mat.ts";
import { Sequences } from "../tensor/sequences.ts";
import type { EncoderSizes } from "./encoder.ts";
import type { ModelInput } from "./types.ts";

/** @throws ShapeError or ConfigError that says which text, what was expected and what was found */
export function checkInputs(batch: readonly ModelInput[], sizes: EncoderSizes): void {
  checkList(batch, "forward", "a list of { ids, typeIds? }");
  batch.forEach((input: unknown, i) => {
    const { ids, typeIds } = (typeof input === "object" && input !== null ? input : {}) as Partial<ModelInput>;
    check(isList(ids), `forward: text ${i}`, "{ ids, typeIds? } with a list of token ids", input);
    if (ids.length === 0) throw new ShapeError(`forward: text ${i} has no tokens; each needs at least one`);
    if (ids.length > sizes.maxLength) {
      throw new ShapeError(
        `forward: text ${i} has ${ids.length} tokens, the model takes at most ${sizes.maxLength}; truncate it or split it into windows`,
      );
    }
    checkRange(ids, sizes.V, `token ids of text ${i}`, "; do tokenizer and model belong together?");
    if (typeIds === undefined || typeIds === null || sizes.typeCount === 0) return;
    if (!isList(typeIds) || typeIds.length !== ids.length) {
      const found = isList(typeIds) ? typeIds.length : show(typeIds);
      throw new ShapeError(`forward: text ${i} has ${ids.length} ids, so expected ${ids.length} typeIds, found ${found}`);
    }
    checkRange(typeIds, sizes.typeCount, `typeIds of text ${i}`);
  });
}

function checkRange(values: ArrayLike<number>, end: number, what: string, advice = ""): void {
  for (let t = 0; t < values.length; t++) {
    const value = values[t]!;
    if (!Number.isInteger(value) || value < 0 || value >= end) {
      throw new ShapeError(`forward: ${what}: expected integers in 0..${end - 1}, found ${show(value)} at ${t}${advice}`);
    }
  }
}

/** @throws ShapeError unless `rows` lists positions inside each text */
export function checkRows(rows: readonly (readonly number[])[], batch: readonly ModelInput[]): void {
  if (rows.length !== batch.length) throw new ShapeError(`forward: expected rows for ${batch.length} texts, found ${rows.length}`);
  rows.forEach((positions, i) => {
    checkRange(positions, batch[i]!.ids.length, `rows of text ${i} (token positions)`);
  });
}

function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/**
 * Tokens of one pass. On a CPU: kernels reach their speed from about 128 rows on; 1024 tokens of MiniLM take about 0.2 s on one thread, which bounds
 * how long other work and an abort wait, and their hidden states (1.5 MB) stay in cache. With WebGPU a pass costs its dispatches whatever its size.
 */
const CPU_TOKENS_PER_PASS = 1024;
const LONG_PASSES: Readonly<Record<string, number>> = { webgpu: 8192 };
/** Floats that one pass returns. Like the tokens it bounds memory and never changes a result. */
const FLOATS_PER_PASS = 2 ** 24;

/** @param backend its name */
export function tokensPerPass(backend: string): number {
  return LONG_PASSES[backend] ?? CPU_TOKENS_PER_PASS;
}

/** Cuts a batch into runs of whole texts within the budgets; a text beyond them is a run of its own. `floatsOf` says what a text of S tokens returns. */
export function planPasses(batch: readonly ModelInput[], floatsOf: (S: number) => number, tokenBudget: number): Rows[] {
  const passes: { first: number; count: number }[] = [];
  let tokens = 0;
  let floats = 0;
  batch.forEach(({ ids }, i) => {
    const S = ids.length;
    const current = passes.at(-1);
    if (current && tokens + S <= tokenBudget && floats + floatsOf(S) <= FLOATS_PER_PASS) {
      current.count++;
      tokens += S;
      floats += floatsOf(S);
    } else {
      passes.push({ first: i, count: 1 });
      tokens = S;
      floats = floatsOf(S);
    }
  });
  return passes;
}

/** The texts one after another, checked before. */
export function tokenBatch(batch: readonly ModelInput[]): TokenBatch {
  const sequences = new Sequences(batch.map(({ ids }) => ids.length));
  const ids = new Int32Array(sequences.T);
  const typeIds = new Int32Array(sequences.T);
  batch.forEach((input, b) => {
    const start = sequences.cuSeqlens[b]!;
    ids.set(input.ids, start);
    if (input.typeIds) typeIds.set(input.typeIds, start);
  });
  return { ids, typeIds, sequences };
}
