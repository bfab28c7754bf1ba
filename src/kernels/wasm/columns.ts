/**
 * Loops over the columns of rows that several kernels share: vectors first, then the columns left, one at a time.
 * The body gets each row's address in a local of its own: V8 pairs two accesses into 256 bits only where both start from one and the same value.
 * Where a row is summed, four accumulators take sixteen columns a turn, and a fifth takes the rest: the order depends on the length alone.
 */
import type { Local } from "./emitter/call.ts";
import type { I32, V128 } from "./emitter/expression.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i8x16 from "./emitter/i8x16.ts";
import * as i32 from "./emitter/i32.ts";
import * as v128 from "./emitter/v128.ts";

type Address = Local<"i32">;

/** Runs `vectors` at the addresses of each full run of `width` columns of the rows, then `one` at those of each column left. */
export function eachColumn(
  f: FunctionBuilder,
  cols: Local<"i32">,
  width: 4 | 8 | 16,
  rows: readonly Address[],
  vectors: (...at: Address[]) => void,
  one: (...at: Address[]) => void,
): void {
  const at = f.i32(0);
  const addresses = () => rows.map((row) => f.i32(i32.add(row, at)));
  const runs = f.i32(i32.shl(i32.and(cols, -width), 2));
  f.while(
    () => i32.lt_u(at, runs),
    () => {
      vectors(...addresses());
      at.add(4 * width);
    },
  );
  const end = f.i32(i32.shl(cols, 2));
  f.while(
    () => i32.lt_u(at, end),
    () => {
      one(...addresses());
      at.add(4);
    },
  );
}

/** Reads a vector, or one column in all lanes. */
type Load = (at: I32) => V128;

/** out = value of the inputs, a turn of `width` columns at a time, then one column at a time in one lane of the same arithmetic. */
export function mapColumns(
  f: FunctionBuilder,
  cols: Local<"i32">,
  width: 4 | 8,
  [out, ...inputs]: readonly Address[],
  value: (load: Load, ...at: Address[]) => V128,
): void {
  const offsets = width === 8 ? [0, 16] : [0];
  eachColumn(
    f,
    cols,
    width,
    [out!, ...inputs],
    (out, ...at) => {
      const values = offsets.map((offset) => f.v128(value((from) => v128.load(from, offset), ...at)));
      for (const [i, y] of values.entries()) f.storeV128(out!, y, 16 * i);
    },
    (out, ...at) => f.storeLane32(out!, value(v128.load32_splat, ...at), 0),
  );
}

/** Σ over the columns of a row of a term at an address. */
export function emitSum(f: FunctionBuilder, row: Address, cols: Local<"i32">, term: (load: Load, at: Address) => V128): Local<"f32"> {
  const sums = [0, 1, 2, 3].map(() => f.v128(f32x4.const(0)));
  const rest = f.v128(f32x4.const(0));
  eachColumn(
    f,
    cols,
    16,
    [row],
    (at) => {
      for (const [i, sum] of sums.entries())
        sum.set(
          f32x4.add(
            sum,
            term((from) => v128.load(from, 16 * i), at!),
          ),
        );
    },
    (at) => rest.set(f32x4.add(rest, term(v128.load32_splat, at!))),
  );
  return f.f32(f32.add(emitFoldSum(f, sums), f32x4.extract_lane(rest, 0)));
}

/** The sum of all lanes of four vectors, pairwise. */
function emitFoldSum(f: FunctionBuilder, sums: readonly Local<"v128">[]): Local<"f32"> {
  const total = f.v128(f32x4.add(f32x4.add(sums[0]!, sums[1]!), f32x4.add(sums[2]!, sums[3]!)));
  const halves = f.v128(f32x4.add(total, swapHalves(total)));
  return f.f32(f32.add(f32x4.extract_lane(halves, 0), f32x4.extract_lane(halves, 1)));
}

/**
 * All lanes of two or four vectors folded into one number, in every lane. The vectors pass through as many numbers at `lanes`:
 * V8 pairs what a loop accumulates only if it ends in adjacent stores.
 */
export function emitFold(
  f: FunctionBuilder,
  vectors: readonly Local<"v128">[],
  lanes: Local<"i32">,
  fold: (a: V128, b: V128) => V128,
): Local<"v128"> {
  for (const [i, vector] of vectors.entries()) f.storeV128(lanes, vector, 16 * i);
  const loaded: V128[] = vectors.map((_, i) => v128.load(lanes, 16 * i));
  const all = f.v128(loaded.reduce((a, b) => fold(a, b)));
  const halves = f.v128(fold(all, swapHalves(all)));
  return f.v128(fold(halves, swapNeighbours(halves)));
}

function swapHalves(x: Local<"v128">): V128 {
  return i8x16.shuffleElements(4, x, x, [2, 3, 0, 1]);
}

function swapNeighbours(x: Local<"v128">): V128 {
  return i8x16.shuffleElements(4, x, x, [1, 0, 3, 2]);
}
