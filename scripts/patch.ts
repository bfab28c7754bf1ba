/**
 * What prebuilt.ts makes a module of: the parts of it that another module has, too, and the bytes that it has not.
 */

/** Shorter parts than this are not worth the six bytes that name them. */
const SHORTEST = 24;

/** @returns rows of [bytes to copy, where from in `base`, bytes that follow], each in two bytes, and those that follow; both modules are below 64 KiB */
export function patchOf(base: Uint8Array, module: Uint8Array): Uint8Array {
  const places = new Map<string, number[]>();
  const keyAt = (bytes: Uint8Array, at: number) => bytes.subarray(at, at + SHORTEST).join();
  for (let at = 0; at + SHORTEST <= base.length; at++) {
    const key = keyAt(base, at);
    places.set(key, [...(places.get(key) ?? []), at]);
  }
  const patch: number[] = [];
  const row = (count: number, from: number, following: number[]) => {
    for (const value of [count, from, following.length]) patch.push(value & 255, value >> 8);
    patch.push(...following);
  };
  let copied = { count: 0, from: 0 };
  let following: number[] = [];
  for (let at = 0; at < module.length; ) {
    const [longest] = (places.get(keyAt(module, at)) ?? [])
      .map((from) => ({ from, count: lengthOfMatch(base, from, module, at) }))
      .sort((a, b) => b.count - a.count);
    if (!longest) {
      following.push(module[at++]!);
      continue;
    }
    row(copied.count, copied.from, following);
    copied = longest;
    following = [];
    at += longest.count;
  }
  row(copied.count, copied.from, following);
  return Uint8Array.from(patch);
}

function lengthOfMatch(base: Uint8Array, from: number, module: Uint8Array, at: number): number {
  let count = 0;
  while (at + count < module.length && base[from + count] === module[at + count]) count++;
  return count;
}
