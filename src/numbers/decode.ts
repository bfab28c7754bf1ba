/**
 * Elements of any dtype as f32, rounded to nearest with ties to even. F16, F8 and BF16 widen exactly: BF16 by a shift, the others through
 * the tables of small-floats.ts (NaN payloads survive, since only integers are moved). F64 rounds in the store to a
 * Float32Array. 64-bit integers round once: bits below a double's reach are folded into its last one first ("round to odd").
 * Typed arrays are little-endian on every platform JavaScript runs on, as safetensors is.
 */

import { e4m3Bits, e5m2Bits, f16Bits } from "./small-floats.ts";

type Decoder = (out: Float32Array, bytes: Uint8Array, start: number) => void;

interface TypedArray<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, start: number, count: number): T;
}

/** `count` elements from byte `start` on; where they are unaligned, which the format allows, a copy. */
function aligned<T>(Type: TypedArray<T>, bytes: Uint8Array, start: number, count: number): T {
  const size = Type.BYTES_PER_ELEMENT;
  const at = bytes.byteOffset + start;
  if (at % size === 0) return new Type(bytes.buffer, at, count);
  const copy = new Uint8Array(count * size); // not bytes.slice(): a Node Buffer's slice is a view
  copy.set(bytes.subarray(start, start + copy.length));
  return new Type(copy.buffer, 0, count);
}

function bitsOf(out: Float32Array): Uint32Array {
  return new Uint32Array(out.buffer, out.byteOffset, out.length);
}

function lookUp(out: Float32Array, table: Uint32Array, codes: Uint8Array | Uint16Array): void {
  const bits = bitsOf(out);
  for (let i = 0; i < codes.length; i++) bits[i] = table[codes[i] as number] as number;
}

/** Copies element by element with the store's rounding: right for every type whose values a double holds exactly. */
function copied(Type: TypedArray<ArrayLike<number>>): Decoder {
  return (out, bytes, start) => out.set(aligned(Type, bytes, start, out.length));
}

/** 64-bit integers. Above 2^53 the last 11 bits do not fit a double; they lie far below f32's last bit: what counts is whether any is set. */
function wideIntegers(Type: TypedArray<BigInt64Array | BigUint64Array>): Decoder {
  return (out, bytes, start) => {
    for (const [i, whole] of aligned(Type, bytes, start, out.length).entries()) {
      const value = Number(whole);
      const isExact = Number.isSafeInteger(value) || (whole & 0x7ffn) === 0n;
      out[i] = isExact ? value : Number((whole & ~0x7ffn) | 0x800n);
    }
  };
}

const decoders = {
  F64: copied(Float64Array),
  F32: (out, bytes, start) => bitsOf(out).set(aligned(Uint32Array, bytes, start, out.length)),
  F16: (out, bytes, start) => lookUp(out, f16Bits(), aligned(Uint16Array, bytes, start, out.length)),
  BF16: (out, bytes, start) => {
    const bits = bitsOf(out);
    const codes = aligned(Uint16Array, bytes, start, out.length);
    for (let i = 0; i < out.length; i++) bits[i] = (codes[i] as number) << 16;
  },
  F8_E4M3: (out, bytes, start) => lookUp(out, e4m3Bits(), bytes.subarray(start, start + out.length)),
  F8_E5M2: (out, bytes, start) => lookUp(out, e5m2Bits(), bytes.subarray(start, start + out.length)),
  I64: wideIntegers(BigInt64Array),
  U64: wideIntegers(BigUint64Array),
  I32: copied(Int32Array),
  U32: copied(Uint32Array),
  I16: copied(Int16Array),
  U16: copied(Uint16Array),
  I8: copied(Int8Array),
  U8: copied(Uint8Array),
  BOOL: (out, bytes, start) => {
    for (let i = 0; i < out.length; i++) out[i] = bytes[start + i] === 0 ? 0 : 1;
  },
} satisfies Readonly<Record<string, Decoder>>;

/**
 * Fills `out` from the elements of `dtype` that begin at byte `start` of `bytes`: one row of an embedding table, or a whole tensor.
 * Nothing is scaled: the scale of an int8 table is the caller's, who also sees to it that `bytes` reach far enough.
 */
export function decode(dtype: keyof typeof decoders, bytes: Uint8Array, start: number, out: Float32Array): void {
  decoders[dtype](out, bytes, start);
}
