/** The rest of a layer by hand, for one token: residual, layer norm, feed-forward with GELU, residual, layer norm. */
import { C, D, H, head, layerNorm, linear, openWeights, rowOf, run } from "./minilm.ts";

const LAYER = 0;

const { encoding, output } = await run();
const tensor = openWeights();
const S = encoding.tokens.length;
const t = encoding.tokens.indexOf("##bird");
const path = `encoder.layer.${LAYER}`;
const dense = async (name: string, x: ArrayLike<number>) =>
  linear(x, await tensor(`${path}.${name}.weight`), await tensor(`${path}.${name}.bias`));
const norm = async (name: string, x: ArrayLike<number>) =>
  layerNorm(x, await tensor(`${path}.${name}.LayerNorm.weight`), await tensor(`${path}.${name}.LayerNorm.bias`));

// The context of all heads: the engine's attention times values computed here.
const states = output.hiddenStates![LAYER]![0]!.data;
const x = rowOf(states, t);
const values = await Promise.all(encoding.tokens.map((_, j) => dense("attention.self.value", rowOf(states, j)))); // S C
const probs = output.attentions![LAYER]![0]!.data; // H S S
const context = Array.from({ length: C }, (_, c) => {
  const h = Math.floor(c / D);
  return values.reduce((sum, v, j) => sum + probs[(h * S + t) * S + j]! * v[c]!, 0);
});

const attended = await dense("attention.output.dense", context);
const residual = attended.map((value, c) => value + x[c]!);
const a = await norm("attention.output", residual);
const inner = await dense("intermediate.dense", a.y); // F = 1536
const active = inner.map(gelu);
const fed = await dense("output.dense", active);
const y = await norm(
  "output",
  fed.map((value, c) => value + a.y[c]!),
);

console.log(`x, the layer's input      ${head(x)}    of ${C}`);
console.log(`attention of ${H} heads     ${head(attended)}`);
console.log(`x + attention             ${head(residual)}    mean ${a.mean.toFixed(4)}, variance ${a.variance.toFixed(4)}`);
console.log(`a = layer norm            ${head(a.y)}`);
console.log(`W1 a + b1                 ${head(inner)}    of ${inner.length}`);
console.log(`GELU                      ${head(active)}    ${active.filter((value) => value > 0.1).length} above 0.1`);
console.log(`W2 GELU + b2              ${head(fed)}`);
console.log(`y = layer norm of a + it  ${head(y.y)}`);
console.log(`the engine's x1           ${head(rowOf(output.hiddenStates![LAYER + 1]![0]!.data, t))}`);

/** x Φ(x), Φ by Simpson's rule on the normal density: slow, short and good to nine digits. */
function gelu(value: number): number {
  const steps = 200;
  const step = value / steps;
  let area = 0;
  for (let i = 0; i <= steps; i++) {
    const factor = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    area += factor * Math.exp(-((i * step) ** 2) / 2);
  }
  return value * (0.5 + (area * step) / 3 / Math.sqrt(2 * Math.PI));
}
