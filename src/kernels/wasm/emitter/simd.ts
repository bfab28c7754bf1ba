/**
 * 128-bit SIMD instructions under their names in the specification: f32x4.add(a, b), v128.load(p, offset), i32x4.dot_i16x8_s(a, b).
 * A v128 has no lane type of its own; the instruction gives it one. Shift counts are i32.
 * Source: WebAssembly core specification 2.0 (SIMD) and the relaxed-SIMD proposal (now core 3.0). Only what kernels use is here.
 */
import {
  asF32,
  asI32,
  type Code,
  Expression,
  type F32,
  type I32,
  laneOperation,
  memoryOperation,
  Operation,
  SIMD,
  type V128,
} from "./expression.ts";

type I = I32 | number;

const unary = (opcode: number) => (a: V128) => new Operation("v128", SIMD + opcode, a);
const binary = (opcode: number) => (a: V128, b: V128) => new Operation("v128", SIMD + opcode, a, b);
const ternary = (opcode: number) => (a: V128, b: V128, c: V128) => new Operation("v128", SIMD + opcode, a, b, c);
const shift = (opcode: number) => (a: V128, count: I) => new Operation("v128", SIMD + opcode, a, asI32(count));
const test = (opcode: number) => (a: V128) => new Operation("i32", SIMD + opcode, a);
const load =
  (opcode: number, align: number) =>
  (address: I, offset = 0) =>
    memoryOperation("v128", SIMD + opcode, align, offset, asI32(address));
const loadLane =
  (opcode: number, align: number) =>
  (address: I, vector: V128, lane: number, offset = 0) =>
    memoryOperation("v128", SIMD + opcode, align, offset, asI32(address), vector, undefined, lane);

/** A vector literal, kept as numbers until it is written. */
class VectorConstant extends Expression<"v128"> {
  private readonly lanes: readonly number[];
  private readonly kind: "u8" | "i32" | "f32";

  constructor(kind: "u8" | "i32" | "f32", lanes: readonly number[]) {
    super("v128");
    this.kind = kind;
    this.lanes = lanes;
  }

  protected emit({ bytes }: Code): void {
    bytes.u8(0xfd);
    bytes.u8(12);
    for (const lane of this.lanes) {
      if (this.kind === "u8") bytes.u8(lane);
      else if (this.kind === "f32") bytes.f32(lane);
      else for (let shift = 0; shift < 32; shift += 8) bytes.u8((lane >>> shift) & 0xff);
    }
  }
}

export const v128 = {
  load: load(0, 4),
  load8x8_s: load(1, 3),
  load8x8_u: load(2, 3),
  load16x4_s: load(3, 3),
  load16x4_u: load(4, 3),
  load8_splat: load(7, 0),
  load16_splat: load(8, 1),
  load32_splat: load(9, 2),
  load64_splat: load(10, 3),
  load32_zero: load(92, 2),
  load64_zero: load(93, 3),
  load8_lane: loadLane(84, 0),
  load16_lane: loadLane(85, 1),
  load32_lane: loadLane(86, 2),
  load64_lane: loadLane(87, 3),
  not: unary(77),
  and: binary(78),
  andnot: binary(79),
  or: binary(80),
  xor: binary(81),
  /** Bits of a where mask is 1, of b where it is 0. */
  bitselect: ternary(82),
  any_true: test(83),
};

export const i8x16 = {
  splat: (a: I) => new Operation("v128", SIMD + 15, asI32(a)),
  /** The sixteen bytes of the concatenation of a and b that `lanes` (0..31) names. */
  shuffle: (a: V128, b: V128, lanes: readonly number[]) => laneOperation("v128", SIMD + 13, lanes, a, b),
  swizzle: binary(14),
  abs: unary(96),
  narrow_i16x8_s: binary(101),
  narrow_i16x8_u: binary(102),
  add: binary(110),
  const: (...lanes: number[]) => new VectorConstant("u8", lanes),
};

export const i16x8 = {
  splat: (a: I) => new Operation("v128", SIMD + 16, asI32(a)),
  extadd_pairwise_i8x16_s: unary(124),
  extadd_pairwise_i8x16_u: unary(125),
  narrow_i32x4_s: binary(133),
  extend_low_i8x16_s: unary(135),
  extend_high_i8x16_s: unary(136),
  extend_low_i8x16_u: unary(137),
  extend_high_i8x16_u: unary(138),
  shl: shift(139),
  shr_s: shift(140),
  shr_u: shift(141),
  add: binary(142),
  mul: binary(149),
};

export const i32x4 = {
  splat: (a: I) => new Operation("v128", SIMD + 17, asI32(a)),
  const: (a: number, b = a, c = a, d = a) => new VectorConstant("i32", [a, b, c, d]),
  extract_lane: (a: V128, lane: number) => laneOperation("i32", SIMD + 27, [lane], a),
  eq: binary(55),
  lt_s: binary(57),
  gt_s: binary(59),
  gt_u: binary(60),
  ge_s: binary(63),
  extadd_pairwise_i16x8_u: unary(127),
  abs: unary(160),
  all_true: test(163),
  extend_low_i16x8_s: unary(167),
  extend_high_i16x8_s: unary(168),
  extend_low_i16x8_u: unary(169),
  extend_high_i16x8_u: unary(170),
  shl: shift(171),
  shr_s: shift(172),
  shr_u: shift(173),
  add: binary(174),
  sub: binary(177),
  mul: binary(181),
  min_s: binary(182),
  max_s: binary(184),
  /** Products of neighbouring signed 16-bit lanes, added in pairs: exact except for (-32768)^2 twice. */
  dot_i16x8_s: binary(186),
  extadd_pairwise_i16x8_s: unary(126),
  /** a (int8) times b, four neighbours added to c. Exact for 0 <= b < 128; how else it reads b is up to the machine. */
  relaxed_dot_i8x16_i7x16_add_s: ternary(0x113),
  trunc_sat_f32x4_s: unary(248),
};

export const f32x4 = {
  splat: (a: F32 | number) => new Operation("v128", SIMD + 19, asF32(a)),
  const: (a: number, b = a, c = a, d = a) => new VectorConstant("f32", [a, b, c, d]),
  extract_lane: (a: V128, lane: number) => laneOperation("f32", SIMD + 31, [lane], a),
  eq: binary(65),
  ne: binary(66),
  lt: binary(67),
  gt: binary(68),
  le: binary(69),
  ge: binary(70),
  ceil: unary(103),
  floor: unary(104),
  nearest: unary(106),
  abs: unary(224),
  neg: unary(225),
  sqrt: unary(227),
  add: binary(228),
  sub: binary(229),
  mul: binary(230),
  div: binary(231),
  min: binary(232),
  max: binary(233),
  pmin: binary(234),
  pmax: binary(235),
  convert_i32x4_s: unary(250),
  /** a * b + c, fused where the machine fuses. Only for feature levels with relaxed SIMD: kernels call `fma` of their level instead. */
  relaxed_madd: ternary(0x105),
  /** -(a * b) + c. */
  relaxed_nmadd: ternary(0x106),
};
