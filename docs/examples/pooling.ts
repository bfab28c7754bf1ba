/** From token vectors to a sentence vector by hand: mean over tokens, then length one. */
import { SentenceEncoder } from "../../src/index.ts";
import { C, head, run, SENTENCE } from "./minilm.ts";

const { output } = await run();
const { shape, data } = output.lastHiddenState[0]!;
const S = shape[0]!;
const mean = Array.from({ length: C }, (_, c) => {
  let sum = 0;
  for (let t = 0; t < S; t++) sum += data[t * C + c]!;
  return sum / S;
});
const length = Math.hypot(...mean);
const vector = mean.map((value) => value / length);

const encoder = await SentenceEncoder.load(undefined, { threads: 1 });
const [engine, near, far] = await encoder.encode([SENTENCE, "A small bird was drinking nectar.", "The train to Leeds is late again."]);
encoder.dispose();
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, c) => sum + value * b[c]!, 0);

console.log(`hidden states          [${shape}]`);
console.log(`mean over the tokens   ${head(mean)}    length ${length.toFixed(3)}`);
console.log(`divided by its length  ${head(vector)}    length ${Math.hypot(...vector).toFixed(3)}`);
console.log(`encoder.encode         ${head(engine!)}`);
console.log(`cosine with "A small bird was drinking nectar."   ${dot(engine!, near!).toFixed(3)}`);
console.log(`cosine with "The train to Leeds is late again."   ${dot(engine!, far!).toFixed(3)}`);
