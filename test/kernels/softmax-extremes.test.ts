/** Softmax where numbers end, as in PyTorch: masks of -Infinity, rows of nothing else, differences beyond float32, and NaN of any bits. */
import { expect, test } from "vitest";
import { LoopsBackend } from "../../src/kernels/loops/backend.ts";
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";
import { WasmBackend } from "../../src/kernels/wasm/backend.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import { levelsHere } from "./wasm/harness.ts";

const cols = 19; // a full turn of the kernels and a rest
const masked = Number.NEGATIVE_INFINITY;
const row = (rest: number, ...first: number[]) => [...first, ...Array<number>(cols - first.length).fill(rest)];
const nothing = row(Number.NaN);
const cases: [name: string, x: number[], expected: number[]][] = [
  ["a mask", row(masked, 1, 1), row(0, 0.5, 0.5)],
  ["a mask that leaves the last", [...row(masked).slice(1), 7], [...row(0).slice(1), 1]],
  ["all masked", row(masked), nothing],
  ["1e30 and -1e30", row(-1e30, 1e30), row(0, 1)],
  ["a difference that overflows", row(-3e38, 3e38, 3e38), row(0, 0.5, 0.5)],
  ["infinity", row(0, Number.POSITIVE_INFINITY), nothing],
  ["NaN first", row(0, Number.NaN), nothing],
  ["NaN last", [...row(0).slice(1), Number.NaN], nothing],
  ["NaN under a mask", row(masked, Number.NaN, 1), nothing],
];

const backends: [string, Backend][] = [
  ["reference", new ReferenceBackend()],
  ["loops", new LoopsBackend()],
  ...levelsHere().map(([name, level]): [string, Backend] => [`wasm, ${name}`, new WasmBackend(level)]),
];

async function softmax(backend: Backend, x: Float32Array): Promise<number[]> {
  const input = backend.constant(x, x.length / cols, cols);
  const [result] = await backend.pass(() => {
    const out = backend.alloc(input.rows, cols);
    backend.softmax(out, input);
    return [out];
  });
  return [...result!];
}

test.each(backends)("%s", async (_name, backend) => {
  const found = await softmax(backend, Float32Array.from(cases.flatMap(([, x]) => x)));
  for (const [i, [name, , expected]] of cases.entries()) expect(found.slice(i * cols, (i + 1) * cols), name).toEqual(expected);
  const erased = new Uint32Array(cols).fill(0x3f800000);
  erased[4] = 0xffffffff;
  expect(await softmax(backend, new Float32Array(erased.buffer)), "a NaN of erased memory").toEqual(nothing);
});
