/**
 * Matrix product with an epilogue: out[m, n] = f(Σ_k x[m, k] w[n, k] * scale[n] + bias[n]) + residual[m, n].
 *
 * A workgroup of 16 x 16 threads makes a tile of BM x 64 outputs, BM = 16 R; each thread R x 4 of them in registers. Both operands pass through
 * workgroup memory in slices of 16 along K, stored [k][m] and [k][n] with a padded stride so that neighbouring threads hit different banks.
 * Every output is one chain of fma over k upwards from 0, in either tile height: a row's bits do not depend on the batch around it.
 *
 * w comes as                       read as
 *   f32  [N, Kp/4] vec4<f32>       itself                          Kp = K rounded up to 16, zeros behind K
 *   f16  [N, Kp/4] vec2<u32>       unpack2x16float: core WGSL, so f16 storage needs no shader-f16
 *   i8   [N, Kp/4] u32             four int8, exact in f32; the channel's scale multiplies the finished sum
 *   mat  a Mat [K, N], matT a Mat [N, K]: attention's default body and free matmuls
 */

import type { Activation } from "../../../tensor/activations.ts";
import { type Kernel, kernel } from "../kernel.ts";
import { activationCode } from "./activations.ts";

export type MatmulOperand = "f32" | "f16" | "i8" | "mat" | "matT";

export interface MatmulShape {
  readonly operand: MatmulOperand;
  /** R, rows a thread: 4 for large products, 1 where tiles of 64 rows would leave the GPU idle. */
  readonly rows: 1 | 4;
  readonly activation?: Activation | undefined;
  readonly residual?: boolean | undefined;
}

export const TILE_N = 64;
export const tileM = (rows: 1 | 4) => 16 * rows;
const TILE_K = 16;

const ELEMENT: Readonly<Record<MatmulOperand, string>> = { f32: ": vec4<f32>", f16: ": vec2<u32>", i8: ": u32", mat: "", matT: "" };

/** `w4(n, k)`: the four weights w[n, k .. k + 4), k a multiple of 4. */
const LOAD: Readonly<Record<MatmulOperand, string>> = {
  f32: "return w[n * p.k4 + k / 4u];",
  f16: "let h = w[n * p.k4 + k / 4u]; return vec4<f32>(unpack2x16float(h.x), unpack2x16float(h.y));",
  i8: `let q = bitcast<i32>(w[n * p.k4 + k / 4u]);
  return vec4<f32>(f32(extractBits(q, 0u, 8u)), f32(extractBits(q, 8u, 8u)), f32(extractBits(q, 16u, 8u)), f32(extractBits(q, 24u, 8u)));`,
  mat: gatherFour("w[p.w_offset + (k + i) * p.w_stride + n]"),
  matT: gatherFour("w[p.w_offset + n * p.w_stride + k + i]"),
};

function gatherFour(element: string): string {
  return `var four = vec4<f32>();
  for (var i = 0u; i < 4u; i++) { if (k + i < p.K) { four[i] = ${element}; } }
  return four;`;
}

export function matmulName({ operand, rows, activation = "identity" as Activation, residual = false }: MatmulShape): string {
  return `matmul ${operand} ${tileM(rows)}x${TILE_N} ${activation}${residual ? " residual" : ""}`;
}

export function matmulKernel(shape: MatmulShape): Kernel {
  const { operand, rows: R, activation, residual } = shape;
  const isMat = operand === "mat" || operand === "matT";
  const strideA = tileM(R) + 1;
  const strideB = TILE_N + 1;
  const each = (body: (i: number, j: number) => string) => Array.from({ length: R * 4 }, (_, at) => body(at >> 2, at & 3)).join("\n");
  const load = (i: number) =>
    `a_tile[(lid % 16u) * ${strideA}u + lid / 16u + ${16 * i}u] = x_at(row0 + lid / 16u + ${16 * i}u, k0 + lid % 16u);`;
  return kernel({
    name: matmulName(shape),
    reads: ["x", `w${ELEMENT[operand]}`, ...(isMat ? [] : ["channels: f32"]), ...(residual ? ["residual"] : [])],
    mats: ["x", ...(isMat ? ["w"] : []), ...(residual ? ["residual"] : [])],
    params: ["M", "N", "K", ...(isMat ? [] : ["k4"])],
    workgroup: [256],
    declarations: `
var<workgroup> a_tile: array<f32, ${TILE_K * strideA}>;
var<workgroup> b_tile: array<f32, ${TILE_K * strideB}>;
fn x_at(m: u32, k: u32) -> f32 {
  if (m < p.M && k < p.K) { return x[p.x_offset + m * p.x_stride + k]; }
  return 0.0;
}
fn w4(n: u32, k: u32) -> vec4<f32> {
  ${LOAD[operand]}
}
${activationCode(activation)}
fn store(m: u32, n: u32, sum: f32) {
  if (m >= p.M || n >= p.N) { return; }
  let y = activation(${isMat ? "sum" : operand === "i8" ? "fma(sum, channels[p.N + n], channels[n])" : "sum + channels[n]"});
  out[p.out_offset + m * p.out_stride + n] = y${residual ? " + residual[p.residual_offset + m * p.residual_stride + n]" : ""};
}`,
    body: `
  let row0 = group.y * ${tileM(R)}u;
  let col0 = group.x * ${TILE_N}u;
  let tx = lid % 16u;
  let ty = lid / 16u;
${each((i, j) => `  var s${i}${j} = 0.0;`)}
  for (var k0 = 0u; k0 < p.K; k0 += ${TILE_K}u) {
${Array.from({ length: R }, (_, i) => `    ${load(i)}`).join("\n")}
    let n = col0 + lid / 4u;
    let k = lid % 4u * 4u;
    var four = vec4<f32>();
    if (n < p.N) { four = w4(n, k0 + k); }
    for (var i = 0u; i < 4u; i++) { b_tile[(k + i) * ${strideB}u + lid / 4u] = four[i]; }
    workgroupBarrier();
    for (var k1 = 0u; k1 < ${TILE_K}u; k1++) {
${Array.from({ length: R }, (_, i) => `      let a${i} = a_tile[k1 * ${strideA}u + ty * ${R}u + ${i}u];`).join("\n")}
${Array.from({ length: 4 }, (_, j) => `      let b${j} = b_tile[k1 * ${strideB}u + tx + ${16 * j}u];`).join("\n")}
${each((i, j) => `      s${i}${j} = fma(a${i}, b${j}, s${i}${j});`)}
    }
    workgroupBarrier();
  }
${each((i, j) => `  store(row0 + ty * ${R}u + ${i}u, col0 + tx + ${16 * j}u, s${i}${j});`)}`,
  });
}
