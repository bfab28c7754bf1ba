/**
 * The two 16-bit float formats of checkpoints, as bit patterns turned into numbers. Every value of both is exact in f32.
 *
 *   binary16 (F16, IEEE 754-2008)   1 sign, 5 exponent (bias 15), 10 fraction bits; subnormals below 2^-14
 *   bfloat16 (BF16)                 the upper half of an f32: 1 sign, 8 exponent, 7 fraction bits
 *
 * Decoding only: this engine computes and writes f32 and int8.
 */

/** The number behind 16 bits of IEEE binary16. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const wordAsFloat = new Float32Array(word.buffer);

/** The number behind 16 bits of bfloat16. */
export function bfloat16ToNumber(bits: number): number {
  word[0] = bits << 16;
  return wordAsFloat[0]!;
}

let halfTable: Float32Array | undefined;

/** All 65,536 values of binary16 by bit pattern: decoding millions of weights is a lookup each. Made on first use. */
export function halfValues(): Float32Array {
  if (halfTable === undefined) {
    halfTable = new Float32Array(65536);
    for (let bits = 0; bits < 65536; bits++) halfTable[bits] = halfToNumber(bits);
  }
  return halfTable;
}
