/**
 * f32 to IEEE binary16, round to nearest even: how `weights: "f16"` stores a weight (unpack2x16float reads it back exactly).
 *
 * For |x| in [2^e, 2^(e+1)) the neighbours of binary16 are 2^(max(e, -14) - 10) apart; x over that spacing, rounded half to even, is the
 * fraction with its hidden bit, and adding it to the exponent's bits carries into the next binade by itself.
 */

import { UnsupportedError } from "../../errors.ts";

const LARGEST = 65504;
const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** @throws UnsupportedError for a value that binary16 cannot hold */
export function halfBits(value: number): number {
  word[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (!(magnitude <= LARGEST)) {
    throw new UnsupportedError(`webgpu: a weight of ${value} does not fit f16 (at most ${LARGEST}); use webgpu({ weights: "f32" })`);
  }
  const exponent = Math.max(((bits[0]! >>> 23) & 0xff) - 127, -14);
  const steps = roundHalfEven(magnitude * 2 ** (10 - exponent)); // in [1024, 2048] for normal values, below 1024 for subnormal ones
  return sign | (((exponent + 14) << 10) + steps);
}

/** Adding 2^52 leaves no fraction bits in a double, and its addition rounds ties to even. */
function roundHalfEven(x: number): number {
  return x + 2 ** 52 - 2 ** 52;
}
