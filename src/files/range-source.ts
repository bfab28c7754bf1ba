/**
 * A file behind a URL by byte ranges. Small reads come out of blocks of 4 MiB, so that a checkpoint's hundred small tensors, which lie side
 * by side, cost a handful of requests; the last few blocks are kept. Of a longer read the whole blocks in its middle are fetched as one range, straight
 * to where they belong, so that no byte comes twice.
 */

import { throwIfAborted } from "../checks.ts";
import { DownloadError } from "../errors.ts";
import type { ByteSource } from "../safetensors/types.ts";
import type { Network } from "./http.ts";
import { MemorySink } from "./memory-sink.ts";
import { transfer } from "./transfer.ts";

const block = 4 * 2 ** 20;
const keptBlocks = 6;

interface RangeOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** The file's ETag when it was opened. */
  readonly etag: string | null;
  /** Bytes fetched so far. */
  readonly report: (loaded: number) => void;
}

/** @param start the file's first bytes, which came with its size */
export function rangeSource(
  url: string,
  what: string,
  start: Uint8Array,
  size: number,
  options: RangeOptions,
  network: Network,
): ByteSource {
  const blocks = new Map<number, Promise<Uint8Array>>();
  let fetched = start.length;
  options.report(fetched);

  const fetchRange = async (from: number, to: number, signal: AbortSignal | undefined, target?: Uint8Array): Promise<Uint8Array> => {
    const sink = new MemorySink(target);
    let last = from;
    const onBytes = (at: number) => {
      fetched += at - last;
      last = at;
      options.report(Math.min(fetched, size));
    };
    const { headers } = options;
    const response = await transfer(url, what, sink, { size, range: { from, to }, headers, signal, onBytes }, network);
    const etag = response.headers.get("etag");
    if (etag !== null && etag !== (options.etag ?? etag))
      throw new DownloadError(`${what} changed while it was read; load the model again.`);
    return sink.bytes();
  };

  /** A block once, for everyone; it follows the load's signal, not that of the call that came first. */
  const blockAt = (index: number): Promise<Uint8Array> => {
    const known = blocks.get(index);
    blocks.delete(index);
    const promise = known ?? fetchRange(index * block, Math.min((index + 1) * block, size), options.signal);
    blocks.set(index, promise); // last used, last to go
    promise.catch(() => blocks.delete(index));
    for (const oldest of blocks.keys()) {
      if (blocks.size <= keptBlocks) break;
      blocks.delete(oldest);
    }
    return promise;
  };

  return {
    size,
    async read(from, to, signal = options.signal) {
      throwIfAborted(signal);
      if (to <= start.length || from === to) return start.subarray(from, to);
      const first = Math.floor(from / block);
      const last = Math.floor((to - 1) / block);
      if (first === last) return (await blockAt(first)).subarray(from - first * block, to - first * block);
      const bytes = new Uint8Array(to - from);
      const [middle, end] = [(first + 1) * block, last * block];
      const [head, tail] = await Promise.all([
        blockAt(first),
        blockAt(last),
        middle < end && fetchRange(middle, end, signal, bytes.subarray(middle - from, end - from)),
      ]);
      bytes.set(head.subarray(from - first * block));
      bytes.set(tail.subarray(0, to - end), end - from);
      return bytes;
    },
  };
}
