/**
 * The ops that reduce over a row, a workgroup a row: layer norm (with or without a residual and beta), softmax, L2 normalisation.
 * Formulas and reasons are the reference's (kernels/reference/layer-norm.ts, softmax.ts, normalize.ts); here in f32.
 */

import { type Kernel, kernel } from "../kernel.ts";
import { ROW_THREADS, reduceCode } from "./reduce.ts";

/** Rows past 32768 continue in y; a workgroup behind the last row would still have to reach the barriers, so it repeats the last one. */
const ROW = "let row = min(group.x + group.y * groups.x, p.rows - 1u);";
const columns = (body: string) => `for (var c = lid; c < p.cols; c += ${ROW_THREADS}u) { ${body} }`;

export interface NormShape {
  /** layerNorm(a + b) instead of layerNorm(x). */
  readonly residual: boolean;
  readonly beta: boolean;
}

export function layerNormName({ residual, beta }: NormShape): string {
  return `layerNorm${residual ? " of a sum" : ""}${beta ? "" : " without beta"}`;
}

/** Two passes as in the reference: the mean first, then the mean of squared deviations, which does not cancel. */
export function layerNormKernel(shape: NormShape): Kernel {
  const { residual, beta } = shape;
  const value = `x[p.x_offset + row * p.x_stride + c]${residual ? " + b[p.b_offset + row * p.b_stride + c]" : ""}`;
  return kernel({
    name: layerNormName(shape),
    reads: ["x", ...(residual ? ["b"] : []), "gamma", ...(beta ? ["beta"] : [])],
    params: ["rows", "cols", "eps: f32"],
    workgroup: [ROW_THREADS],
    declarations: reduceCode("sum"),
    body: `
  ${ROW}
  var sum = 0.0;
  ${columns(`sum += ${value};`)}
  let mean = reduce_sum(lid, sum) / f32(p.cols);
  var squares = 0.0;
  ${columns(`let d = ${value} - mean; squares = fma(d, d, squares);`)}
  let deviation = sqrt(reduce_sum(lid, squares) / f32(p.cols) + p.eps);
  ${columns(`
    let normed = (${value} - mean) / deviation * gamma[p.gamma_offset + c];
    out[p.out_offset + row * p.out_stride + c] = normed${beta ? " + beta[p.beta_offset + c]" : ""};
  `)}`,
  });
}

export function softmaxKernel(windowed: boolean): Kernel {
  const counts = windowed ? "c + p.window >= row && c <= row + p.window" : "true";
  const x = "x[p.x_offset + row * p.x_stride + c]";
  const out = "out[p.out_offset + row * p.out_stride + c]";
  return kernel({
    name: softmaxName(windowed),
    reads: ["x"],
    params: ["rows", "cols", "window"],
    workgroup: [ROW_THREADS],
    declarations: reduceCode("max", "sum"),
    body: `
  ${ROW}
  var highest = -3.4e38;
  ${columns(`if (${counts}) { highest = max(highest, ${x}); }`)}
  highest = reduce_max(lid, highest);
  var sum = 0.0;
  ${columns(`if (${counts}) { sum += exp(${x} - highest); }`)}
  sum = reduce_sum(lid, sum);
  ${columns(`
    var weight = 0.0;
    if (${counts}) { weight = exp(${x} - highest) / sum; }
    ${out} = weight;
  `)}`,
  });
}

export function softmaxName(windowed: boolean): string {
  return windowed ? "softmax windowed" : "softmax";
}

export function normalizeKernel(): Kernel {
  const x = "x[p.x_offset + row * p.x_stride + c]";
  return kernel({
    name: "normalize",
    reads: ["x"],
    params: ["rows", "cols"],
    workgroup: [ROW_THREADS],
    declarations: reduceCode("sum"),
    body: `
  ${ROW}
  var squares = 0.0;
  ${columns(`squares = fma(${x}, ${x}, squares);`)}
  let norm = max(sqrt(reduce_sum(lid, squares)), 1e-12);
  ${columns(`out[p.out_offset + row * p.out_stride + c] = ${x} / norm;`)}`,
  });
}
