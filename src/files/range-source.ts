/**
 * A file behind a URL by byte ranges. Small reads come out of blocks of 4 MiB, so that a checkpoint's hundred small tensors, which lie side
 * by side, cost a handful of requests; the last few blocks are kept. A read of more than a block is fetched as it is.
 */

import { DownloadError } from "../errors.ts";
import type { ByteSource } from "../safetensors/types.ts";
import type { Network } from "./http.ts";
import { MemorySink } from "./memory-sink.ts";
import { transferRange } from "./transfer.ts";

const block = 4 * 2 ** 20;
const keptBlocks = 6;

interface RangeOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
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

  const fetchRange = async (from: number, to: number, signal: AbortSignal | undefined): Promise<Uint8Array> => {
    const sink = new MemorySink();
    const response = await transferRange(url, what, sink, from, to, { headers: options.headers, signal }, network);
    const bytes = sink.bytes();
    const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
    if (total !== undefined && Number(total) !== size) throw new DownloadError(`${what} changed while it was read; load the model again.`);
    if (bytes.length !== to - from) throw new DownloadError(`${what}: asked for ${to - from} bytes, got ${bytes.length}.`);
    fetched = Math.min(fetched + bytes.length, size);
    options.report(fetched);
    return bytes;
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
      signal?.throwIfAborted();
      if (to <= start.length) return start.subarray(from, to);
      if (to - from > block) return fetchRange(from, to, signal);
      const first = Math.floor(from / block);
      const last = Math.floor((to - 1) / block);
      const head = await blockAt(first);
      if (first === last) return head.subarray(from - first * block, to - first * block);
      const tail = await blockAt(last);
      const bytes = new Uint8Array(to - from);
      bytes.set(head.subarray(from - first * block));
      bytes.set(tail.subarray(0, to - last * block), last * block - from);
      return bytes;
    },
  };
}
