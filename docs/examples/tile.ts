/** The inner loop by hand: what a tile loads for its multiply-adds, and one real product summed in its order, bit for bit. */
import { Tokenizer } from "../../src/index.ts";
import { WasmBackend } from "../../src/kernels/wasm/backend.ts";
import type { Tile } from "../../src/kernels/wasm/gemm-tile.ts";
import { baseline } from "../../src/kernels/wasm/level.ts";
import { tilesOf } from "../../src/kernels/wasm/linear-kernels.ts";
import { C, layerNorm, openWeights, rowOf, SENTENCE } from "./minilm.ts";

console.log("tile     sums in     numbers loaded   multiply-adds   flop");
console.log("         registers   for each k       for each k      a byte");
const widest = { fma: true, wide: true };
printTile({ MR: 1, NR: 1 }, 1);
printTile({ MR: 1, NR: 16 }, 8);
printTile(tilesOf(baseline).f32, 4);
printTile(tilesOf(widest).f32, 8);

function printTile({ MR, NR }: Tile, lanes: number): void {
  const [registers, loaded, products] = [(MR * NR) / lanes, MR + NR, MR * NR];
  const cells = [registers, loaded, products].map((count, i) => String(count).padEnd([12, 17, 16][i]!)).join("");
  console.log(`${`${MR} x ${NR}`.padEnd(9)}${cells}${((2 * products) / (4 * loaded)).toFixed(2)}`);
}

// The first query projection of the sentence: x is x0 by hand, W the checkpoint's int8 rows multiplied out.
const { ids, tokens } = (await Tokenizer.load()).encode(SENTENCE);
const tensor = openWeights();
const [words, positions, types, gamma, beta] = await Promise.all(
  ["word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"].map(
    (name) => tensor(`embeddings.${name}`),
  ),
);
const x = new Float32Array(tokens.length * C);
for (const [t, id] of ids.entries()) {
  const sum = rowOf(words!, id).map((value, c) => value + positions![t * C + c]! + types![c]!);
  x.set(layerNorm(sum, gamma!, beta!).y, t * C);
}
const query = "encoder.layer.0.attention.self.query";
const [W, bias] = [await tensor(`${query}.weight`), await tensor(`${query}.bias`)]; // C C

/** out = x Wᵀ + b by the kernel of multiply and add, which rounds as Math.fround does. */
async function product(rows: Float32Array): Promise<Float32Array> {
  const backend = new WasmBackend(baseline);
  const M = rows.length / C;
  const linear = backend.linear([{ dtype: "F32", rows: C, cols: C, bytes: new Uint8Array(W.buffer, W.byteOffset, W.byteLength) }], bias);
  const input = backend.constant(rows, M, C);
  const [result] = await backend.pass(() => {
    const out = backend.alloc(M, C);
    backend.project(out, input, linear);
    return [out];
  });
  backend.dispose();
  return result!;
}

/** The products of row t and channel n for k = first, first + step, ... below end, added one after another, each step rounded to f32. */
function chain(t: number, n: number, { start = 0, first = 0, end = C, step = 1 } = {}): number {
  let sum = start;
  for (let k = first; k < end; k += step) sum = Math.fround(sum + Math.fround(x[t * C + k]! * W[n * C + k]!));
  return sum;
}

/** In the order of the kernel: the bias, then sums of 128 products each. */
const CHAIN = 128;
const ends = [CHAIN, 2 * CHAIN, 3 * CHAIN];
const inChains = (t: number, n: number) =>
  ends.reduce((total, end) => Math.fround(total + chain(t, n, { first: end - CHAIN, end })), bias[n]!);

const y = await product(x);
const t = tokens.indexOf("##bird");
const n = 0;
const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!.toString(16).padStart(8, "0");
console.log(`\nchannel ${n} of "##bird": bias ${bias[n]!.toFixed(6)}`);
for (const end of ends) console.log(`  k below ${end}   + ${chain(t, n, { first: end - CHAIN, end }).toFixed(6)}`);
console.log(`  by hand       ${inChains(t, n).toFixed(6)}   bits ${bits(inChains(t, n))}`);
console.log(`  the kernel    ${y[t * C + n]!.toFixed(6)}   bits ${bits(y[t * C + n]!)}`);

console.log(`\nall ${y.length} sums                 other bits   error`);
compare("the kernel's order", inChains);
compare("one chain from the bias on", (t, n) => chain(t, n, { start: bias[n]! }));
compare("four chains, every fourth k", (t, n) =>
  [0, 1, 2, 3].reduce((total, first) => Math.fround(total + chain(t, n, { first, step: 4 })), bias[n]!),
);
const alone = await Promise.all(tokens.map((_, row) => product(rowOf(x, row))));
compare("the kernel, a row a call", (t, n) => alone[t]![n]!);

/** How many of all sums have other bits than the kernel's, and how far they are from the sum in float64, root mean square. */
function compare(name: string, sumOf: (t: number, n: number) => number): void {
  let [others, squares] = [0, 0];
  for (const [i, value] of y.entries()) {
    const [row, channel] = [Math.floor(i / C), i % C];
    const sum = sumOf(row, channel);
    const exact = rowOf(x, row).reduce((total, xk, k) => total + xk * W[channel * C + k]!, bias[channel]!);
    if (sum !== value) others += 1;
    squares += (sum - exact) ** 2;
  }
  console.log(`${name.padEnd(28)} ${String(others).padStart(9)}   ${Math.sqrt(squares / y.length).toExponential(1)}`);
}
