/**
 * Opens what a checkpoint is found as: one safetensors file, or the index of several (shards.ts).
 */

import { check } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { prefixBytes } from "./header.ts";
import { openFile, readExactly } from "./read.ts";
import { quoted } from "./rules.ts";
import { looksLikeIndex, openShards, type ShardOptions } from "./shards.ts";
import type { ByteSource, Safetensors } from "./types.ts";

/**
 * Opens a safetensors file, or a model.safetensors.index.json with its shards, reading only headers.
 * Shards are found by `options.shard(name)`, else by `file.sibling(name)`.
 * @throws FormatError that names the broken rule
 */
export async function openSafetensors(file: ByteSource, options: ShardOptions = {}): Promise<Safetensors> {
  const { signal } = options;
  const isSource = typeof file?.read === "function" && Number.isSafeInteger(file.size);
  check(isSource, "openSafetensors", "{ size, read(start, end) } (parseSafetensors takes bytes)", file);
  const prefix = await readExactly(file, 0, Math.min(prefixBytes, file.size), signal);
  if (looksLikeIndex(prefix)) {
    const index = await readExactly(file, 0, file.size, signal);
    file.close?.(); // all of it has been read
    return openShards(index, options.shard ?? siblingOf(file), (source) => openFile(source, signal));
  }
  return openFile(file, signal);
}

function siblingOf(file: ByteSource): (name: string) => Promise<ByteSource> {
  return async (name) => {
    if (file.sibling === undefined) {
      throw new ConfigError(
        `The index names the shard ${quoted(name)}, but this source cannot open a file beside it; give openSafetensors { shard: name => source }.`,
      );
    }
    return file.sibling(name);
  };
}
