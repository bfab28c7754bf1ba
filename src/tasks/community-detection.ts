/**
 * Groups of vectors around a centre: everything at least `threshold` similar (cosine) to the centre belongs to it.
 * Greedy: the largest group first, members already taken are left out, groups that fall below the minimum size are dropped.
 * O(N²) comparisons, O(N C) memory plus the groups. Python: sentence_transformers.util.community_detection.
 */

import { check, checkInteger, checkOptions } from "../checks.ts";
import { nextTurn } from "../tensor/turn.ts";
import { checkSameLength, normalized, VectorBlock } from "./vectors.ts";

export interface CommunityDetectionOptions {
  /** Smallest cosine to the centre; default 0.75. */
  threshold?: number;
  /** Members a community needs at least, its centre included; default 10. */
  minCommunitySize?: number;
}

/** Rows between two turns of the event loop. */
const ROWS_A_TURN = 64;

/** @returns indices of each community, its centre first and then from the most similar on; the largest community first */
export async function communityDetection(vectors: readonly Float32Array[], options: CommunityDetectionOptions = {}): Promise<number[][]> {
  const { threshold = 0.75, minCommunitySize = 10 } = checkOptions(options);
  checkInteger(minCommunitySize, "minCommunitySize");
  check(Number.isFinite(threshold), "threshold", "a number", threshold);
  const C = checkSameLength(vectors, "communityDetection");
  if (C === undefined || vectors.length < minCommunitySize) return [];

  const candidates = await neighbourhoods(vectors.map(normalized), C, threshold, minCommunitySize);
  candidates.sort((a, b) => b.members.length - a.members.length);
  const taken = new Uint8Array(vectors.length);
  const communities: number[][] = [];
  for (const { centre, members } of candidates) {
    if (taken[centre]) continue;
    const free = members.filter((member) => !taken[member]);
    if (free.length < minCommunitySize) continue;
    const community = [centre, ...free.filter((member) => member !== centre)];
    for (const member of community) taken[member] = 1;
    communities.push(community);
  }
  return communities.sort((a, b) => b.length - a.length);
}

/** For each vector with enough others within the threshold: all of them, most similar first. */
async function neighbourhoods(
  units: readonly Float32Array[],
  C: number,
  threshold: number,
  minSize: number,
): Promise<{ centre: number; members: number[] }[]> {
  const N = units.length;
  const all = new VectorBlock(C, N);
  for (const unit of units) all.add(unit);
  const scores = new Float64Array(N);
  const found: { centre: number; members: number[] }[] = [];
  for (let centre = 0; centre < N; centre++) {
    if (centre % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn();
    all.dot(scores, units[centre]!);
    const members: number[] = [];
    // Rounded to float32, so that a vector is as similar to itself as 1 and not as 0.99999999.
    for (let j = 0; j < N; j++) if (Math.fround(scores[j]!) >= Math.fround(threshold)) members.push(j);
    if (members.length < minSize) continue;
    members.sort((a, b) => Math.fround(scores[b]!) - Math.fround(scores[a]!) || a - b);
    found.push({ centre, members });
  }
  return found;
}
