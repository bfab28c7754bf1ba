/** The parts of the WebGPU backend that need no GPU: f16 rounding, buffer sizes, reuse of buffers. The kernels are tested in test/gpu. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { BufferPool, sizeClass } from "../../../src/kernels/webgpu/buffer-pool.ts";
import { halfBits } from "../../../src/kernels/webgpu/half.ts";
import { kernel, spread } from "../../../src/kernels/webgpu/kernel.ts";
import { f16Bits } from "../../../src/numbers/small-floats.ts";

const halves = new Float32Array(f16Bits().buffer);

test("every finite binary16 value keeps its bits", () => {
  const changed: number[] = [];
  for (let bits = 0; bits < 65536; bits++) {
    const hasValue = (bits & 0x7c00) !== 0x7c00;
    if (hasValue && halfBits(halves[bits]!) !== bits) changed.push(bits);
  }
  expect(changed).toEqual([]);
});

test("a number between two neighbours goes to the nearer, ties to the even one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7bfe }), fc.double({ min: 0, max: 1, noNaN: true }), (bits, part) => {
      const [low, high] = [halves[bits]!, halves[bits + 1]!];
      const value = Math.fround(low + (high - low) * part);
      const [toLow, toHigh] = [value - low, high - value];
      const nearest = toLow < toHigh ? bits : toHigh < toLow ? bits + 1 : bits + (bits & 1);
      expect(halfBits(value)).toBe(nearest);
      expect(halfBits(-value)).toBe(nearest | 0x8000);
    }),
  );
});

test("values that binary16 cannot hold are refused", () => {
  for (const value of [65536, -1e9, Number.POSITIVE_INFINITY, Number.NaN]) expect(() => halfBits(value)).toThrow(/does not fit f16/);
});

test("size classes hold what is asked for, in whole words, and waste at most half", () => {
  const wrong: number[] = [];
  for (let bytes = 4; bytes < 1 << 20; bytes += 52) {
    const size = sizeClass(bytes);
    if (size < bytes || size % 4 !== 0 || (bytes > 256 && bytes <= size / 2)) wrong.push(bytes);
  }
  expect(wrong).toEqual([]);
});

test("a repeated sequence of requests gets the same buffers, whatever ran between", () => {
  const limits = { maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 30 };
  const device = { limits, createBuffer: () => ({ destroy: () => {} }) } as unknown as GPUDevice;
  const pool = new BufferPool(device);
  const run = (sizes: readonly number[]) => {
    const ids: number[] = [];
    let previous: ReturnType<BufferPool["take"]> | undefined;
    const kept = sizes.map((size, i) => {
      const buffer = pool.take(size);
      ids.push(buffer.id);
      if (i % 3 === 2 && previous) pool.give(previous); // the second of every three is free again at once
      previous = i % 3 === 1 ? buffer : undefined;
      return i % 3 === 1 && i + 1 < sizes.length ? undefined : buffer;
    });
    for (const buffer of kept) if (buffer) pool.give(buffer);
    return ids;
  };
  const shape = [100, 4000, 100, 4000, 4000, 100, 3000];
  const first = run(shape);
  expect(run(shape)).toEqual(first);
  run([100, 100, 100, 4000, 4000, 4000, 4000, 4000, 9000]);
  expect(run(shape)).toEqual(first);
  const { created } = pool;
  run(shape);
  expect(pool.created).toBe(created);
});

test("a kernel's uniform lists its own parameters, then each Mat's offset and stride", () => {
  const made = kernel({ name: "k", reads: ["x", "index: i32"], params: ["rows", "eps: f32"], workgroup: [64], body: "" });
  expect(made.params.map(([name, type]) => `${name}: ${type}`)).toEqual([
    "rows: u32",
    "eps: f32",
    "x_offset: u32",
    "x_stride: u32",
    "out_offset: u32",
    "out_stride: u32",
  ]);
  expect(made.code).toContain("@group(0) @binding(2) var<storage, read> index: array<i32>;");
  expect(made.code).toContain("@group(0) @binding(3) var<storage, read_write> out: array<f32>;");
});

test("workgroups spread over two dimensions stay within WebGPU's 65535 and cover every item", () => {
  for (const count of [0, 1, 65535, 65536, 10_000_000]) {
    const [x, y] = spread(count);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65535);
    expect(x * y).toBeGreaterThanOrEqual(count);
  }
});
