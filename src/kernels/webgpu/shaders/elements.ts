/**
 * The ops whose every output element stands for itself: a thread an element, the formula in one expression.
 *
 * `r` and `c` are the element's row and column. Rows repeat where a stride of 0 is passed: how [1, C] gains reach every row.
 */

import type { Activation } from "../../../tensor/activations.ts";
import type { PoolMode } from "../../../tensor/backend.ts";
import { type Kernel, kernel } from "../kernel.ts";
import { activationCode } from "./activations.ts";

export const ELEMENT_THREADS = 64;

interface ElementParts {
  readonly name: string;
  readonly reads: readonly string[];
  readonly mats?: readonly string[];
  readonly params?: readonly string[];
  readonly declarations?: string;
  /** Statements that define `y`. */
  readonly body: string;
}

/** The element of a Mat at the thread's row and column. */
const at = (x: string, r = "r", c = "c") => `${x}[p.${x}_offset + ${r} * p.${x}_stride + ${c}]`;

function elements({ name, reads, mats, params = [], declarations, body }: ElementParts): Kernel {
  return kernel({
    name,
    reads,
    ...(mats && { mats }),
    params: ["rows", "cols", ...params],
    workgroup: [ELEMENT_THREADS],
    ...(declarations !== undefined && { declarations }),
    body: `
  let element = (group.x + group.y * groups.x) * ${ELEMENT_THREADS}u + lid;
  let r = element / p.cols;
  let c = element % p.cols;
  if (r >= p.rows) { return; }
  ${body}
  out[p.out_offset + r * p.out_stride + c] = y;`,
  });
}

export const ELEMENTWISE = {
  copy: () => elements({ name: "copy", reads: ["x"], body: `let y = ${at("x")};` }),
  add: () => elements({ name: "add", reads: ["a", "b"], body: `let y = ${at("a")} + ${at("b")};` }),
  multiply: () => elements({ name: "multiply", reads: ["a", "b"], body: `let y = ${at("a")} * ${at("b")};` }),
  scale: () => elements({ name: "scale", reads: ["x"], params: ["factor: f32"], body: `let y = ${at("x")} * p.factor;` }),
  scaleShift: () =>
    elements({ name: "scaleShift", reads: ["x", "gain", "shift"], body: `let y = ${at("x")} * ${at("gain")} + ${at("shift")};` }),
  take: () =>
    elements({
      name: "take",
      reads: ["x", "index: i32"],
      params: ["indices"],
      body: `
  let chosen = index[p.indices + r];
  var y = 0.0;
  if (chosen >= 0) { y = ${at("x", "u32(chosen)")}; }`,
    }),
  rotate: () =>
    elements({
      name: "rotate",
      reads: ["x", "cosines", "sines", "index: i32"],
      params: ["positions", "half"],
      body: `
  let position = u32(index[p.positions + r]);
  let turn = c % (2u * p.half);
  let angle = turn % p.half;
  let cosine = ${at("cosines", "position", "angle")};
  let sine = ${at("sines", "position", "angle")};
  let own = ${at("x")};
  var y: f32;
  if (turn < p.half) { y = own * cosine - ${at("x", "r", "c + p.half")} * sine; }
  else { y = own * cosine + ${at("x", "r", "c - p.half")} * sine; }`,
    }),
} as const;

export function activateKernel(activation: Activation): Kernel {
  return elements({
    name: `activate ${activation}`,
    reads: ["x"],
    declarations: activationCode(activation),
    body: `let y = activation(${at("x")});`,
  });
}

/** One thread a pooled element, over the rows of its sequence upwards; `starts` is cuSeqlens in `index`. */
export function poolKernel(mode: PoolMode): Kernel {
  const step = {
    mean: "y += value;",
    meanSqrtLen: "y += value;",
    max: "y = max(y, value);",
    weightedMean: "y = fma(f32(s + 1u), value, y);",
  };
  const finish = { mean: "y /= f32(S);", meanSqrtLen: "y /= sqrt(f32(S));", max: "", weightedMean: "y /= f32(S) * f32(S + 1u) * 0.5;" };
  return elements({
    name: `pool ${mode}`,
    reads: ["x", "index: i32"],
    params: ["starts"],
    body: `
  let first = u32(index[p.starts + r]);
  let S = u32(index[p.starts + r + 1u]) - first;
  var y = ${mode === "max" ? at("x", "first") : "0.0"};
  for (var s = 0u; s < S; s++) {
    let value = ${at("x", "(first + s)")};
    ${step[mode]}
  }
  ${finish[mode]}`,
  });
}
