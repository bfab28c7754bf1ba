/** The forms of SIMD instructions, by opcode behind the prefix: what the files of the lane types are made of. */
import { asI32, type Code, Expression, type I32, Operation, SIMD, type V128 } from "./expression.ts";

/* @__NO_SIDE_EFFECTS__ */
export const unary = (opcode: number) => (a: V128) => new Operation("v128", SIMD + opcode, a);
/* @__NO_SIDE_EFFECTS__ */
export const binary = (opcode: number) => (a: V128, b: V128) => new Operation("v128", SIMD + opcode, a, b);
/* @__NO_SIDE_EFFECTS__ */
export const ternary = (opcode: number) => (a: V128, b: V128, c: V128) => new Operation("v128", SIMD + opcode, a, b, c);
/* @__NO_SIDE_EFFECTS__ */
export const shift = (opcode: number) => (a: V128, count: I32 | number) => new Operation("v128", SIMD + opcode, a, asI32(count));

/** A vector literal, kept as numbers until it is written. */
export class VectorConstant extends Expression<"v128"> {
  private readonly lanes: readonly number[];
  private readonly kind: "i32" | "f32";

  constructor(kind: "i32" | "f32", lanes: readonly number[]) {
    super("v128");
    this.kind = kind;
    this.lanes = lanes;
  }

  protected emit({ bytes }: Code): void {
    bytes.u8(0xfd);
    bytes.u8(12);
    for (const lane of this.lanes) {
      if (this.kind === "f32") bytes.f32(lane);
      else for (let shift = 0; shift < 32; shift += 8) bytes.u8((lane >>> shift) & 0xff);
    }
  }
}
