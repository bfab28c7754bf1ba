/**
 * Exact search: the dot products of a query with a block of corpus rows, f32 or int8. The k best of them are kept by the caller (tasks/top-k.ts):
 * one comparison a row in JavaScript beside C multiplications here.
 *
 *   const scan = new SimilarityScan(F32, C, 256);
 *   scan.rows.set(vectors);                      // [256, C], row-major, written by the caller
 *   const scores = scan.scores(query, count);    // scores[n] = query · rows[n], n < count; valid until the next call
 *   const squares = scan.squares(count);         // squares[n] = rows[n] · rows[n], f32 only
 *
 * f32: sums in sixteen lanes (columns.ts), whose order depends on C alone. int8: exact in int32 for C < 2^17, then rounded to f32.
 * A module for each is compiled when its first search comes. Measured at 384 dimensions: f32 28, int8 35, JavaScript 3.8 billion operations a second.
 */
import { ShapeError } from "../../errors.ts";
import { emitSum } from "./columns.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as i16x8 from "./emitter/i16x8.ts";
import * as i32 from "./emitter/i32.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { currentLevel } from "./features.ts";

/** What rows are made of. (Objects, so that a bundle has only those that it uses.) */
interface Element {
  readonly View: typeof Float32Array | typeof Int8Array;
  /** scores(out, query, rows, count, C), and squares with the same arguments for f32: rows are dense. */
  readonly define: (module: ModuleBuilder) => void;
}
export const F32: Element = { View: Float32Array, define: defineFloats };
export const I8: Element = { View: Int8Array, define: defineBytes };

const PAGE = 65536;

function defineFloats(module: ModuleBuilder): void {
  module.function("scores", { i32: 5 }, (f, out, query, rows, count, C) => {
    f.repeat(count, 1, (n) => {
      const toQuery = f.i32(i32.sub(query, rows));
      const sum = emitSum(f, rows, C, (load, at) => f32x4.mul(load(at), load(i32.add(at, toQuery))));
      f.storeF32(i32.add(out, i32.shl(n, 2)), sum);
      rows.add(i32.shl(C, 2));
    });
  });

  /** out[n] = |row n|²: query is not read. */
  module.function("squares", { i32: 5 }, (f, out, _query, rows, count, C) => {
    f.repeat(count, 1, (n) => {
      const sum = emitSum(f, rows, C, (load, at) => f32x4.mul(load(at), load(at)));
      f.storeF32(i32.add(out, i32.shl(n, 2)), sum);
      rows.add(i32.shl(C, 2));
    });
  });
}

function defineBytes(module: ModuleBuilder): void {
  module.function("scores", { i32: 5 }, (f, out, query, rows, count, C) => {
    const whole = f.i32(i32.and(C, -16));
    f.repeat(count, 1, (n) => {
      const sums = [f.v128(i32x4.const(0)), f.v128(i32x4.const(0))];
      f.repeat(whole, 16, (c) => {
        const x = f.v128(v128.load(i32.add(rows, c)));
        const q = f.v128(v128.load(i32.add(query, c)));
        const halves = [i16x8.extend_low_i8x16_s, i16x8.extend_high_i8x16_s];
        for (const [i, half] of halves.entries()) sums[i]!.set(i32x4.add(sums[i]!, i32x4.dot_i16x8_s(half(x), half(q))));
      });
      const lanes = f.v128(i32x4.add(sums[0]!, sums[1]!));
      const sum = f.i32(i32x4.extract_lane(lanes, 0));
      for (let lane = 1; lane < 4; lane++) sum.add(i32x4.extract_lane(lanes, lane));
      const c = f.i32(whole);
      f.while(
        () => i32.lt_s(c, C),
        () => {
          sum.add(i32.mul(i32.load8_s(i32.add(rows, c)), i32.load8_s(i32.add(query, c))));
          c.add(1);
        },
      );
      f.storeF32(i32.add(out, i32.shl(n, 2)), f32.convert_i32_s(sum));
      rows.add(C);
    });
  });
}

const compiled = new Map<Element, WebAssembly.Module>();

export class SimilarityScan {
  /** The block, [blockRows, C]: write rows here, then ask for scores. */
  readonly rows: Float32Array | Int8Array;
  readonly #query: Float32Array | Int8Array;
  readonly #scores: Float32Array;
  readonly #run: (kernel: string, count: number) => void;

  /** @throws UnsupportedError where WebAssembly SIMD is missing or forbidden */
  constructor(element: Element, C: number, blockRows: number) {
    currentLevel();
    let module = compiled.get(element);
    if (module === undefined) {
      const builder = new ModuleBuilder({ initial: 1 });
      element.define(builder);
      module = new WebAssembly.Module(builder.bytes());
      compiled.set(element, module);
    }
    const { View } = element;
    const bytes = View.BYTES_PER_ELEMENT;
    const align = (bytes: number) => Math.ceil(bytes / 64) * 64;
    const scoresAt = align(C * bytes);
    const rowsAt = scoresAt + align(blockRows * 4);
    const memory = new WebAssembly.Memory({ initial: Math.ceil((rowsAt + blockRows * C * bytes) / PAGE) });
    const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, (...args: number[]) => void>;
    this.#query = new View(memory.buffer, 0, C);
    this.#scores = new Float32Array(memory.buffer, scoresAt, blockRows);
    this.rows = new View(memory.buffer, rowsAt, blockRows * C);
    this.#run = (kernel, count) => kernels[kernel]!(scoresAt, 0, rowsAt, Math.min(count, blockRows), C);
  }

  /** query · rows[n] for n < count: a view, valid until the next call. @throws ShapeError for a query of another length */
  scores(query: Float32Array | Int8Array, count: number): Float32Array {
    if (query.length !== this.#query.length) {
      throw new ShapeError(`similarity: expected a query of ${this.#query.length} values, got ${query.length}`);
    }
    this.#query.set(query);
    this.#run("scores", count);
    return this.#scores;
  }

  /** |rows[n]|² for n < count, of f32 rows: a view, valid until the next call. */
  squares(count: number): Float32Array {
    this.#run("squares", count);
    return this.#scores;
  }
}
