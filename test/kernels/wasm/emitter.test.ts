import { describe, expect, it } from "vitest";
import * as atomic from "../../../src/kernels/wasm/emitter/atomic.ts";
import { Bytes } from "../../../src/kernels/wasm/emitter/bytes.ts";
import { call } from "../../../src/kernels/wasm/emitter/call.ts";
import * as f32 from "../../../src/kernels/wasm/emitter/f32.ts";
import * as f32x4 from "../../../src/kernels/wasm/emitter/f32x4.ts";
import * as i8x16 from "../../../src/kernels/wasm/emitter/i8x16.ts";
import * as i32 from "../../../src/kernels/wasm/emitter/i32.ts";
import * as i32x4 from "../../../src/kernels/wasm/emitter/i32x4.ts";
import * as i64 from "../../../src/kernels/wasm/emitter/i64.ts";
import { ModuleBuilder } from "../../../src/kernels/wasm/emitter/module.ts";
import { callIndirect, defineTable } from "../../../src/kernels/wasm/emitter/table.ts";
import * as v128 from "../../../src/kernels/wasm/emitter/v128.ts";

function instantiate(define: (module: ModuleBuilder) => void) {
  const module = new ModuleBuilder({ initial: 1 });
  define(module);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
  return { memory, exports: instance.exports as Record<string, (...args: number[]) => number> };
}

describe("emitter", () => {
  it("encodes LEB128 as the specification's examples", () => {
    const bytes = new Bytes(1);
    bytes.u32(624485);
    bytes.s32(-123456);
    i64.writeS64(bytes, -123456n);
    expect([...bytes.view()]).toEqual([0xe5, 0x8e, 0x26, 0xc0, 0xbb, 0x78, 0xc0, 0xbb, 0x78]);
    bytes.clear();
    bytes.u32(0xffffffff);
    bytes.s32(64);
    bytes.s32(-64);
    bytes.s32(-(2 ** 31));
    expect([...bytes.view()]).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f, 0xc0, 0x00, 0x40, 0x80, 0x80, 0x80, 0x80, 0x78]);
  });

  it("runs the axpy of the header comment", () => {
    const { memory, exports } = instantiate((module) =>
      module.function("axpy", { i32: 3, f32: 1 }, (f, out, x, n, a) => {
        const scale = f.v128(f32x4.splat(a));
        f.repeat(n, 4, (i) => {
          const at = f.i32(i32.shl(i, 2));
          const sum = f32x4.add(f32x4.mul(scale, v128.load(i32.add(x, at))), v128.load(i32.add(out, at)));
          f.storeV128(i32.add(out, at), sum);
        });
      }),
    );
    const data = new Float32Array(memory.buffer, 0, 16);
    data.set([1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 80]);
    exports.axpy!(32, 0, 8, 2);
    expect([...data.subarray(8)]).toEqual([12, 24, 36, 48, 60, 72, 84, 96]);
    exports.axpy!(32, 0, 0, 2);
    expect(data[8]).toBe(12);
  });

  it("nests blocks, loops, branches and calls", () => {
    const { exports } = instantiate((module) => {
      const square = module.internal("square", { i32: 1 }, (f, x) => f.return(i32.mul(x, x)), "i32");
      // The sum of squares below n, leaving out multiples of 3, stopping at 1000.
      module.function(
        "sum",
        { i32: 1 },
        (f, n) => {
          const total = f.i32(0);
          f.block((done) => {
            f.repeat(n, 1, (i) => {
              f.if(
                i32.eqz(i32.rem_u(i, 3)),
                () => {},
                () => total.set(i32.add(total, call("i32", square, i))),
              );
              f.brIf(done, i32.gt_s(total, 1000));
            });
          });
          f.return(i32.select(total, -1, i32.ne(total, 0)));
        },
        "i32",
      );
    });
    expect(exports.sum!(6)).toBe(1 + 4 + 16 + 25);
    expect(exports.sum!(0)).toBe(-1);
    expect(exports.sum!(100000)).toBe([1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16].reduce((a, x) => a + x * x, 0));
  });

  it("runs a queue of commands through the table", () => {
    const { memory, exports } = instantiate((module) => {
      const store = module.internal("store", { i32: 1 }, (f, at) => f.storeF32(i32.load(at), f32.load(at, 4)));
      const increment = module.internal("increment", { i32: 1 }, (f, args) => {
        const at = f.i32(i32.load(args));
        f.storeF32(at, f32.add(f32.load(at), 1));
      });
      defineTable(module, [store, increment]);
      const type = module.signature(["i32"]);
      // Each command: table index, byte length of its arguments, arguments.
      module.function("run", { i32: 2 }, (f, from, to) => {
        f.while(
          () => i32.lt_u(from, to),
          () => {
            callIndirect(f, type, i32.load(from), i32.add(from, 8));
            from.set(i32.add(i32.add(from, 8), i32.load(from, 4)));
          },
        );
      });
    });
    const words = new Int32Array(memory.buffer);
    words.set([0, 8, 512, new Int32Array(Float32Array.of(2.5).buffer)[0]!, 1, 4, 512]);
    exports.run!(0, 28);
    expect(new Float32Array(memory.buffer, 512, 1)[0]).toBe(3.5);
  });

  it("writes lanes, shuffles, integer SIMD and atomics", () => {
    const { memory, exports } = instantiate((module) =>
      module.function("go", { i32: 1 }, (f, at) => {
        const a = f.v128(i32x4.const(1, 2, 3, 4));
        f.storeV128(at, i8x16.shuffleElements(2, a, a, [6, 7, 4, 5, 2, 3, 0, 1]));
        f.storeLane32(at, f32x4.const(1, 2, 3, 4), 2, 16);
        f.drop(atomic.add(at, 5));
        f.drop(atomic.cmpxchg(at, 9, 100));
        f.storeI32(at, i32.wrap_i64(i64.shr_s(i64.const(-(1n << 40n)), 36n)), 32);
        f.memoryCopy(i32.add(at, 40), at, 4);
        f.memoryFill(i32.add(at, 44), 1, 4);
      }),
    );
    exports.go!(0);
    expect([...new Int32Array(memory.buffer, 0, 4)]).toEqual([100, 3, 2, 1]);
    expect(new Float32Array(memory.buffer, 16, 1)[0]).toBe(3);
    expect([...new Int32Array(memory.buffer, 32, 4)]).toEqual([-16, 0, 100, 0x01010101]);
  });

  it("refuses an expression spent twice, a foreign local and wrong arguments", () => {
    const module = new ModuleBuilder({ initial: 1 });
    expect(() =>
      module.function("twice", { i32: 1 }, (f, x) => {
        const sum = i32.add(x, 1);
        f.storeI32(x, sum);
        f.storeI32(x, sum);
      }),
    ).toThrow(/spent already/);
    const fresh = new ModuleBuilder({ initial: 1 });
    let foreign = fresh as unknown as import("../../../src/kernels/wasm/emitter/expression.ts").I32;
    const one = fresh.internal("one", { i32: 1 }, (_, x) => {
      foreign = x;
    });
    expect(() => new ModuleBuilder({ initial: 1 }).function("two", {}, (f) => f.storeI32(0, foreign))).toThrow(/another function/);
    expect(() => new ModuleBuilder({ initial: 1 }).function("three", {}, (f) => f.call(one))).toThrow(/takes 1 arguments, got 0/);
    expect(() => new ModuleBuilder({ initial: 1 }).function("four", {}, (f) => f.call(one, f32.const(1)))).toThrow(/is i32, got f32/);
  });
});
