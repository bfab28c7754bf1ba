/** Embeddings by hand: word + token type + position, then layer norm. */
import { head, layerNorm, openWeights, rowOf, run } from "./minilm.ts";

const { encoding, output } = await run();
const tensor = openWeights();
const at = encoding.tokens.indexOf("##bird");
const id = encoding.ids[at]!;

const word = rowOf(await tensor("embeddings.word_embeddings.weight"), id);
const type = rowOf(await tensor("embeddings.token_type_embeddings.weight"), 0);
const position = rowOf(await tensor("embeddings.position_embeddings.weight"), at);
const sum = word.map((value, c) => value + type[c]! + position[c]!);
const gamma = await tensor("embeddings.LayerNorm.weight");
const beta = await tensor("embeddings.LayerNorm.bias");

console.log(`word[${id}] "##bird"  ${head(word)}`);
console.log(`type[0]              ${head(type)}`);
console.log(`position[${at}]          ${head(position)}`);
console.log(`sum                  ${head(sum)}`);
console.log(`layer norm           ${head(layerNorm(sum, gamma, beta).y)}`);
console.log(`the engine's x0[${at}]   ${head(rowOf(output.hiddenStates![0]![0]!.data, at))}`);
