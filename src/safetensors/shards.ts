/**
 * Checkpoints of several files: model.safetensors.index.json has a `weight_map` from tensor to file name, and the files are safetensors
 * that lie beside it. The index is as hostile as any header: a strict scan, names without folders, each tensor where the map says it is.
 * A tensor that a shard holds but the map does not name is no part of the checkpoint (as in transformers).
 */

import { duplicate, largestHeader, membersOf, stringOf, utf8 } from "./header.ts";
import { unknownTensor } from "./nearby.ts";
import { broken, quoted } from "./rules.ts";
import { parseStrictly } from "./strict-json.ts";
import type { ByteSource, Safetensors, TensorEntry } from "./types.ts";

export interface ShardOptions {
  /** Opens a shard by its file name; the default asks `sibling` of the index's source. */
  readonly shard?: (name: string) => Promise<ByteSource> | ByteSource;
  readonly signal?: AbortSignal;
}

/** JSON begins with "{" and, read as a header length, lies beyond the format's limit: no file can be both. */
export function looksLikeIndex(prefix: Uint8Array): boolean {
  if (prefix.length < 8 || (prefix[4] === 0 && prefix[5] === 0 && prefix[6] === 0 && prefix[7] === 0)) return false;
  return new TextDecoder().decode(prefix).trimStart().startsWith("{");
}

/** Tensor name -> file name, from the bytes of an index. */
export function readIndex(bytes: Uint8Array): Map<string, string> {
  if (bytes.length > largestHeader) throw broken("HeaderTooLarge", `an index of ${bytes.length} bytes; the most is ${largestHeader}.`);
  let map: Map<string, string> | undefined;
  for (const [key, value] of membersOf(parseStrictly(utf8(bytes, "the index"), "the index"), "the index")) {
    if (key !== "weight_map") continue;
    if (map !== undefined) throw duplicate("DuplicateField", "weight_map");
    map = new Map();
    for (const [tensor, file] of membersOf(value, "weight_map")) {
      if (map.has(tensor)) throw duplicate("DuplicateTensor", `tensor ${quoted(tensor)}`);
      map.set(tensor, shardName(stringOf(file, `the file of tensor ${quoted(tensor)}`), tensor));
    }
  }
  if (map === undefined)
    throw broken("MissingField", "this JSON has no weight_map; expected a safetensors file or a model.safetensors.index.json.");
  return map;
}

function shardName(file: string, tensor: string): string {
  if (/^[^/\\:\0]+$/.test(file) && file !== "." && file !== "..") return file;
  throw broken("InvalidShardName", `expected the name of a file beside the index for tensor ${quoted(tensor)}, found ${quoted(file)}.`);
}

/** Opens every shard that the index names, headers only, at the same time: where they are downloaded, that is most of the wait. */
export async function openShards(
  index: Uint8Array,
  shard: (name: string) => Promise<ByteSource> | ByteSource,
  openOne: (source: ByteSource) => Promise<Safetensors>,
): Promise<Safetensors> {
  const weightMap = readIndex(index);
  const names = [...new Set(weightMap.values())].sort();
  const open = async (name: string) => {
    const source = await shard(name);
    try {
      return [name, await openOne(source)] as const;
    } catch (error) {
      source.close?.();
      throw error;
    }
  };
  const opened = await Promise.allSettled(names.map(open));
  const shards = new Map(opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
  const closeAll = () => {
    for (const file of shards.values()) file.close();
  };
  try {
    for (const result of opened) if (result.status === "rejected") throw result.reason;
    return new Sharded(shards, weightMap, closeAll);
  } catch (error) {
    closeAll();
    throw error;
  }
}

class Sharded implements Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly bytesInto: Safetensors["bytesInto"];
  readonly close: () => void;
  readonly #shards: ReadonlyMap<string, Safetensors>;

  constructor(shards: ReadonlyMap<string, Safetensors>, weightMap: ReadonlyMap<string, string>, close: () => void) {
    const metadata = new Map<string, string>();
    const tensors = new Map<string, TensorEntry>();
    for (const [file, shard] of shards) {
      for (const [key, value] of shard.metadata) metadata.set(key, value);
      for (const [name, entry] of shard.tensors) if (weightMap.get(name) === file) tensors.set(name, { ...entry, file });
    }
    for (const [name, file] of weightMap) {
      if (!tensors.has(name))
        throw broken("MissingTensor", `the index says that ${quoted(file)} holds tensor ${quoted(name)}, but it does not.`);
    }
    this.metadata = metadata;
    this.tensors = tensors;
    this.close = close;
    this.#shards = shards;
    const ways = [...shards.values()].map(({ bytesInto }) => bytesInto);
    if (ways.every((way) => way !== undefined)) this.bytesInto = async (name, target) => this.#shard(name).bytesInto!(name, target);
  }

  #shard(name: string): Safetensors {
    const shard = this.#shards.get(this.tensors.get(name)?.file ?? "");
    if (shard === undefined) throw unknownTensor(name, this.tensors);
    return shard;
  }

  async bytes(name: string): Promise<Uint8Array> {
    return this.#shard(name).bytes(name);
  }

  async floats(name: string): Promise<Float32Array> {
    return this.#shard(name).floats(name);
  }
}
