/** What bundlers for browsers take for disk.ts: no disk. */

import type { Disk } from "./disk.ts";

export function openDisk(): Disk | undefined {
  return undefined;
}
