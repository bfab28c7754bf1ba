/** One head of one layer by hand: what "it" attends to in head 11 of the last layer, and where its context vector comes from. */
import { C, D, head, linear, openWeights, rowOf, run } from "./minilm.ts";

const LAYER = 5;
const HEAD = 11;

const { encoding, output } = await run();
const tensor = openWeights();
const { tokens } = encoding;
const S = tokens.length;
const x = output.hiddenStates![LAYER]![0]!.data; // S C, the layer's input

/** Rows h D .. (h + 1) D of a projection: what this head sees of each token. */
async function project(name: string): Promise<number[][]> {
  const path = `encoder.layer.${LAYER}.attention.self.${name}`;
  const weight = (await tensor(`${path}.weight`)).subarray(HEAD * D * C, (HEAD + 1) * D * C);
  const bias = (await tensor(`${path}.bias`)).subarray(HEAD * D, (HEAD + 1) * D);
  return tokens.map((_, i) => linear(rowOf(x, i), weight, bias)); // S D
}

const [q, k, v] = [await project("query"), await project("key"), await project("value")];
const i = tokens.indexOf("it");
const scores = k.map((kj) => kj.reduce((sum, value, d) => sum + q[i]![d]! * value, 0) / Math.sqrt(D));
const largest = Math.max(...scores);
const weights = scores.map((score) => Math.exp(score - largest)); // <= 1: no overflow
const total = weights.reduce((a, b) => a + b);
const probs = weights.map((weight) => weight / total);
const context = Array.from({ length: D }, (_, d) => probs.reduce((sum, p, j) => sum + p * v[j]![d]!, 0));

console.log(`q of "it", ${D} channels  ${head(q[i]!)}`);
console.log("token       q·k/sqrt(D)  softmax   the engine's");
const engine = rowOf(output.attentions![LAYER]![0]!.data, HEAD * S + i, S);
for (const [j, token] of tokens.entries()) {
  console.log(
    `${token.padEnd(10)} ${scores[j]!.toFixed(2).padStart(11)} ${probs[j]!.toFixed(3).padStart(9)} ${engine[j]!.toFixed(3).padStart(11)}`,
  );
}
console.log(
  `sum                     ${probs
    .reduce((a, b) => a + b)
    .toFixed(3)
    .padStart(9)}`,
);
console.log(`context of "it"         ${head(context)}`);
