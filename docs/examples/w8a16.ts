/** W8A16 by hand: one output channel of a real layer, from f32 to integers and back. */
import { activationLimit, dequantize, quantizeActivationRow, quantizeWeightRows } from "../../src/tensor/w8.ts";
import { C, head, openWeights, rowOf, run } from "./minilm.ts";

const { encoding, output } = await run();
const tensor = openWeights();
const name = "encoder.layer.0.attention.self.query";
const weight = await tensor(`${name}.weight`); // C C
const bias = await tensor(`${name}.bias`);
const x = rowOf(output.hiddenStates![0]![0]!.data, encoding.tokens.indexOf("##bird"));
const n = 0;

const { values, scale } = quantizeWeightRows(weight, C, C);
const q = values.subarray(n * C, (n + 1) * C);
const limit = activationLimit(values, C, C);
const a = new Int16Array(C);
const rowScale = quantizeActivationRow(a, x, 0, C, limit);
const integers = (x: ArrayLike<number>) => `[${Array.from({ length: 4 }, (_, i) => String(x[i]).padStart(6)).join(", ")}, ...]`;
const acc = a.reduce((sum, ak, k) => sum + ak * q[k]!, 0);
const exact = x.reduce((sum, xk, k) => sum + xk * weight[n * C + k]!, bias[n]!);

console.log(`W[0]           ${head(rowOf(weight, n))}    scale ${scale[n]!.toExponential(3)}`);
console.log(`q[0]           ${integers(q)}    int8`);
console.log(`A              ${limit}    the largest activation that cannot overflow`);
console.log(`x              ${head(x)}    scale ${rowScale.toExponential(3)}`);
console.log(`a              ${integers(a)}    int16`);
console.log(`Σ a q          ${acc}    exact in int32`);
console.log(
  `y = f32(Σ) * (${rowScale.toExponential(3)} * ${scale[n]!.toExponential(3)}) + ${bias[n]!.toFixed(4)} = ${dequantize(acc, rowScale, scale[n]!, bias[n]!).toFixed(5)}`,
);
console.log(`W x + b, with the same int8 weights and x in floating point = ${exact.toFixed(5)}`);
/** Root mean square over all output channels of what rounding the activations to A changes. */
function changeBy(A: number): number {
  const rounded = new Int16Array(C);
  const scaleOfRow = quantizeActivationRow(rounded, x, 0, C, A);
  const differences = Array.from(bias, (_, channel) =>
    rounded.reduce((sum, ak, k) => sum + (ak * scaleOfRow - x[k]!) * weight[channel * C + k]!, 0),
  );
  return Math.sqrt(differences.reduce((sum, difference) => sum + difference ** 2, 0) / C);
}
console.log(
  `over all ${C} channels: ${changeBy(limit).toExponential(1)} with int16 activations, ${changeBy(127).toExponential(1)} with int8`,
);
