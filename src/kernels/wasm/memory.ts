/**
 * The one WebAssembly.Memory of a model, as three regions:
 *
 *     constants   packed weights, norm weights; reserved at load, never moved
 *     scratch     a stack above them: `mark` and `release` are a frame, `alloc` is an addition
 *     staged      what JavaScript writes during a pass (token rows, indices): scratch, too (but threads/memory.ts, where kernels read it later)
 *
 * Memory grows when a stack passes its end, which happens the first time a shape is seen: a repeated shape finds it large enough (`growths` counts).
 * Growing detaches the ArrayBuffer of an unshared memory, so views are derived anew from `memory.buffer` where they are used and never kept.
 */
import { UnsupportedError } from "../../errors.ts";
import type { Mat } from "../../tensor/mat.ts";

const PAGE = 65536;
/** Everything starts on a cache line. */
const ALIGNMENT = 64;
/** Beyond this a wasm32 memory cannot grow. */
const MAX_PAGES = 65536;
/** 1 MiB. */
const LEAST_GROWTH = 16;

export const align = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export class WasmMemory {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;
  #constantsEnd = ALIGNMENT; // address 0 stays free: kernels take it for "absent"
  /** The end of scratch. */
  protected top = ALIGNMENT;
  #growths = 0;
  /** Bytes of the memory: asking it takes longer than an allocation, and nobody else lets it grow. */
  #size: number;
  #peak = 0;
  /** Whether kernels read what is staged, and write to scratch, later than it is asked for. */
  isDeferred = false;

  /** @throws UnsupportedError where the engine refuses the memory */
  constructor(shared?: WebAssembly.Memory) {
    this.isShared = shared !== undefined;
    try {
      this.memory = shared ?? new WebAssembly.Memory({ initial: 1 });
    } catch (error) {
      throw new UnsupportedError(`wasm: a memory was refused (${error}); use device "loops"`);
    }
    this.#size = this.memory.buffer.byteLength;
  }

  /** How often the memory grew, in all. */
  get growths(): number {
    return this.#growths;
  }
  /** Bytes of scratch that the largest pass used. */
  get peakScratch(): number {
    return this.#peak;
  }
  /** Bytes of constants. */
  get constantBytes(): number {
    return this.#constantsEnd;
  }
  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  /** Address of `byteCount` bytes that stay. Only outside a pass. */
  reserve(byteCount: number): number {
    if (this.top !== this.#constantsEnd) throw new Error("wasm memory: constants are reserved at load, not inside a pass");
    const at = this.#constantsEnd;
    this.#ensure(at + align(byteCount));
    this.#constantsEnd = at + align(byteCount);
    this.top = this.#constantsEnd;
    return at;
  }

  /** Address of `byteCount` bytes of scratch, valid until the frame's release. */
  alloc(byteCount: number): number {
    const at = this.top;
    this.#ensure(at + align(byteCount));
    this.top = at + align(byteCount);
    this.#peak = Math.max(this.#peak, this.top - this.#constantsEnd);
    return at;
  }

  mark(): number {
    return this.top;
  }

  /** Ends the frame that `mark` began. */
  release(mark: number): void {
    this.top = mark;
  }

  /** Address of `byteCount` bytes of scratch for JavaScript to write, which stay until the kernels that read them have run. */
  stage(byteCount: number): number {
    return this.alloc(byteCount);
  }

  /** Ends a pass: scratch is free again. */
  reset(): void {
    this.top = this.#constantsEnd;
  }

  #ensure(end: number): void {
    const size = this.#size;
    if (end <= size) return;
    const needed = Math.ceil((end - size) / PAGE);
    if (size / PAGE + needed > MAX_PAGES) throw this.#refused(end);
    // Untouched pages cost nothing, each growth some microseconds: an eighth more than is there.
    const pages = Math.min(Math.max(needed, LEAST_GROWTH, size / PAGE / 8), MAX_PAGES - size / PAGE);
    if (!this.#grow(Math.floor(pages)) && !this.#grow(needed)) throw this.#refused(end);
    this.#growths++;
    this.#size = this.memory.buffer.byteLength;
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  #refused(end: number): UnsupportedError {
    const mebibytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);
    return new UnsupportedError(
      `wasm: ${mebibytes(end)} MiB are needed, and the engine gives no more than the ${mebibytes(this.#size)} there are; use dtype "w8", a smaller token budget or device "loops"`,
    );
  }
}

/** Byte address of element (row, col) of a Mat in wasm memory. */
export function addressOf(x: Mat, row = 0, col = 0): number {
  return (x.offset + row * x.stride + col) * 4;
}
