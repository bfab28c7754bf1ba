/**
 * Unfinished downloads of a blob: blobs/ETAG.XXXXXXXXXXXX.incomplete, each written by one process. What a killed process or a lost connection left
 * behind gives the next download its first bytes. They are copied, not taken over, because their writer may be alive, and the hash is checked at the
 * end as always. (Python's own have shorter names, and may have holes.)
 */

import { needed } from "./node.ts";

/** A download that writes nothing for so long has given up, whatever its patience. */
const longestSilenceMs = 10 * 60_000;

interface Leftover {
  readonly path: string;
  readonly size: number;
  readonly ageMs: number;
}

/** Those of `blob` but `own`, the longest first. */
function leftovers(blob: string, own: string): Leftover[] {
  const fs = needed("node:fs");
  const { basename, dirname, join } = needed("node:path");
  const isOne = (name: string) => name.startsWith(`${basename(blob)}.`) && /\.[0-9a-f]{12}\.incomplete$/.test(name);
  const names = fs.existsSync(dirname(blob)) ? fs.readdirSync(dirname(blob)).filter(isOne) : [];
  const found = names.flatMap((name) => {
    const path = join(dirname(blob), name);
    const state = path === own ? undefined : fs.statSync(path, { throwIfNoEntry: false });
    return state ? [{ path, size: state.size, ageMs: Date.now() - state.mtimeMs }] : [];
  });
  return found.sort((a, b) => b.size - a.size);
}

/** The bytes of the longest one that is not longer than `size`, piece by piece. */
export async function* leftBytes(blob: string, own: string, size: number): AsyncIterable<Uint8Array> {
  const longest = leftovers(blob, own).find((left) => left.size <= size);
  if (longest === undefined || longest.size === 0) return;
  try {
    yield* needed("node:fs").createReadStream(longest.path, { end: longest.size - 1, highWaterMark: 2 ** 20 });
  } catch {
    // removed meanwhile: what came is right, the rest is fetched
  }
}

/** Removes them: all once the blob is there, before that those that nobody writes to any more. `own` stays. */
export function removeLeftovers(blob: string, own: string): void {
  const fs = needed("node:fs");
  const isThere = fs.existsSync(blob);
  for (const { path, ageMs } of leftovers(blob, own)) {
    try {
      if (isThere || ageMs > longestSilenceMs) fs.rmSync(path, { force: true });
    } catch {
      // Windows does not remove what somebody has open
    }
  }
}
