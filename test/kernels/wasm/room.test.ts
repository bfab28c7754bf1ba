/** Reading to the place of the panels and packing there gives the panels of linear(), for every dtype, odd shape and stack. */
import { expect, it, vi } from "vitest";
import { SHARED_KERNELS } from "../../../src/kernels/wasm/all-kernels.ts";
import { WasmBackend } from "../../../src/kernels/wasm/backend.ts";
import { currentLevel } from "../../../src/kernels/wasm/features.ts";
import { WasmMemory } from "../../../src/kernels/wasm/memory.ts";
import type { PackedLinear } from "../../../src/kernels/wasm/pack.ts";
import { BYTES_PER_VALUE } from "../../../src/tensor/weight-rows.ts";
import type { WeightDType, WeightMatrix } from "../../../src/tensor/weights.ts";
import { randomFloats } from "./harness.ts";

function matrix(dtype: WeightDType, rows: number, cols: number, seed: number): WeightMatrix {
  const count = rows * cols * BYTES_PER_VALUE[dtype];
  const bytes = Uint8Array.from(randomFloats(count, seed), (value) => 128 + 100 * value);
  return { dtype, rows, cols, bytes, ...(dtype === "I8" && { scale: randomFloats(rows, seed + 1) }) };
}

const SHAPES: readonly (readonly WeightDType[])[] = [
  ["I8"],
  ["F32"],
  ["F16"],
  ["BF16"],
  ["I8", "I8", "I8"],
  ["I8", "F32"],
  ["BF16", "F16"],
];
const SIZES = [
  [1, 1],
  [16, 4],
  [17, 5],
  [15, 64],
  [50, 70],
  [384, 26],
] as const;

it.each(SHAPES.map((dtypes) => [dtypes]))("%s", (dtypes) => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true });
  const backend = new WasmBackend(currentLevel(), SHARED_KERNELS, new WasmMemory(memory));
  const panelsOf = ({ panels, byteCount }: PackedLinear) => Buffer.from(memory.buffer, panels, byteCount);
  for (const [N, K] of SIZES) {
    const weights = dtypes.map((dtype, i) => matrix(dtype, N + i, K, 10 * i + 1));
    const scales = weights.map(({ scale }) => scale);
    const bias = randomFloats(
      weights.reduce((sum, { rows }) => sum + rows, 0),
      99,
    );
    const expected = backend.linear(weights, bias) as PackedLinear;
    const rooms = [backend.room(weights)!, backend.room(weights)!]; // a reader fills several before the first is packed
    for (const { bytes } of rooms) for (const [i, target] of bytes.entries()) target.set(weights[i]!.bytes);
    for (const room of rooms) {
      const packed = room.pack(scales, bias) as PackedLinear;
      expect({ ...packed, panels: 0 }).toEqual({ ...expected, panels: 0 });
      expect(panelsOf(packed).equals(panelsOf(expected)), `[${N}, ${K}]`).toBe(true);
    }
  }
});

it("packs bytes where they lie, also after the memory has grown", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true });
  const backend = new WasmBackend(currentLevel(), SHARED_KERNELS, new WasmMemory(memory));
  const weights = [matrix("I8", 256, 512, 1), matrix("I8", 256, 512, 2)];
  const rooms = Array.from({ length: 40 }, () => backend.room(weights)!);
  expect(rooms[0]!.bytes[0]!.buffer).not.toBe(memory.buffer); // it has grown since
  const copies = vi.spyOn(Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array, "set");
  try {
    for (const room of rooms) room.pack(weights.map(({ scale }) => scale));
    expect(copies.mock.contexts.filter((target) => target instanceof Uint8Array).length).toBe(0);
  } finally {
    copies.mockRestore();
  }
});

it("is offered for bytes that fit, in memory that does not move", () => {
  const weights = [{ dtype: "F32", rows: 4, cols: 4 }] as const;
  expect(new WasmBackend(currentLevel()).room(weights)).toBeUndefined();
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true });
  const backend = new WasmBackend(currentLevel(), SHARED_KERNELS, new WasmMemory(memory));
  expect(backend.room(weights)).toBeDefined();
  expect(backend.room([{ dtype: "F64", rows: 4, cols: 4 }])).toBeUndefined();
});
