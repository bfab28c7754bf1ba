/**
 * Sums and maxima over the threads of a workgroup, as a binary tree in workgroup memory: one fixed order, and an error that grows
 * with log2 of the row's length rather than with the length. Every thread gets the result.
 */

export const ROW_THREADS = 64;

const COMBINE = { sum: (a: string, b: string) => `${a} + ${b}`, max: (a: string, b: string) => `max(${a}, ${b})` } as const;

/** WGSL functions reduce_sum(lid, value) and reduce_max(lid, value), to be called by all threads together. */
export function reduceCode(...kinds: readonly (keyof typeof COMBINE)[]): string {
  const functions = kinds.map(
    (kind) => `
fn reduce_${kind}(lid: u32, value: f32) -> f32 {
  lanes[lid] = value;
  workgroupBarrier();
  for (var half = ${ROW_THREADS / 2}u; half > 0u; half /= 2u) {
    if (lid < half) { lanes[lid] = ${COMBINE[kind]("lanes[lid]", "lanes[lid + half]")}; }
    workgroupBarrier();
  }
  let result = lanes[0];
  workgroupBarrier(); // the next reduction overwrites the lanes
  return result;
}`,
  );
  return `var<workgroup> lanes: array<f32, ${ROW_THREADS}>;${functions.join("")}`;
}
