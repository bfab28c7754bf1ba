/**
 * Where tests find their data: small fixtures live in this repository (`test/fixtures`), the larger reference data
 * lies beside it in `../shared/data` and is absent from a lone clone. Tests of the second kind skip loudly, never silently.
 *
 *   needsShared("golden/tiny")("tiny models", () => { const folder = sharedData("golden/tiny")!; ... })
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

const root = new URL("../", import.meta.url);
const told = new Set<string>();

/** Absolute path of `../shared/data/<path>` seen from the repository's root; undefined where it does not exist. */
export function sharedData(path: string): string | undefined {
  const file = fileURLToPath(new URL(`../shared/data/${path}`, root));
  return existsSync(file) ? file : undefined;
}

/** Absolute path of `test/fixtures/<path>`. */
export function fixture(path: string): string {
  return fileURLToPath(new URL(`test/fixtures/${path}`, root));
}

/** `describe`, or, where the shared data is absent, `describe.skip` with one line on stderr that names what is not tested. */
export function needsShared(path: string): typeof describe | typeof describe.skip {
  if (sharedData(path) !== undefined) return describe;
  if (!told.has(path)) {
    told.add(path);
    process.stderr.write(`SKIPPED: tests that read ../shared/data/${path}, which is not here\n`);
  }
  return describe.skip;
}
