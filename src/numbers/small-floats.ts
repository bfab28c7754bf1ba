/**
 * Floats of fewer than 32 bits, as tables from bit pattern to f32: decoding millions of weights is a lookup each. Every value is exact in f32.
 *
 *   F16     IEEE binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits        E5M2   1, 5 and 2, else as F16
 *   E4M3    1, 4 (bias 7) and 3: no infinities, only the all-ones patterns are NaN (Micikevicius et al. 2022, https://arxiv.org/abs/2209.05433)
 *
 * bfloat16 needs no table: it is the upper half of an f32. Tables are made on first use. Decoding only: this engine writes f32 and int8.
 */

/** All 65,536 F16 values as f32 bits, by bit pattern. NaN payloads survive where only integers are moved. */
export const f16Bits = tableOf(5, 10, true);
/** All 256 values of F8_E4M3 as f32 bits. */
export const e4m3Bits = tableOf(4, 3, false);
/** All 256 values of F8_E5M2 as f32 bits. */
export const e5m2Bits = tableOf(5, 2, true);

function tableOf(exponentBits: number, fractionBits: number, hasInfinity: boolean): () => Uint32Array {
  let table: Uint32Array | undefined;
  return () => {
    table ??= Uint32Array.from({ length: 1 << (1 + exponentBits + fractionBits) }, (_, bits) =>
      widen(bits, exponentBits, fractionBits, hasInfinity),
    );
    return table;
  };
}

/** The f32 bits of a small float's bits. */
function widen(bits: number, exponentBits: number, fractionBits: number, hasInfinity: boolean): number {
  const sign = (bits >>> (exponentBits + fractionBits)) << 31;
  const top = (1 << exponentBits) - 1;
  const bias = top >> 1;
  const ones = (1 << fractionBits) - 1;
  let exponent = (bits >>> fractionBits) & top;
  let fraction = bits & ones;
  if (exponent === top && (hasInfinity || fraction === ones)) return (sign | 0x7f800000 | (fraction << (23 - fractionBits))) >>> 0;
  if (exponent === 0) {
    if (fraction === 0) return sign >>> 0;
    exponent = 1; // subnormal: shift until the leading bit stands where f32 implies it
    while (fraction >>> fractionBits === 0) {
      fraction <<= 1;
      exponent--;
    }
    fraction &= ones;
  }
  return (sign | ((exponent - bias + 127) << 23) | (fraction << (23 - fractionBits))) >>> 0;
}
