/** A ragged batch: three texts end to end, and the bits of one of them alone and in the batch. */
import { loadModel, Tokenizer } from "../../src/index.ts";
import { Sequences } from "../../src/tensor/sequences.ts";

const texts = ["Hi.", "A hummingbird drank from the flower because it was thirsty.", "It rained all day."];
const encodings = (await Tokenizer.load()).encodeBatch(texts);
const sequences = new Sequences(encodings.map(({ ids }) => ids.length));
console.log(`lengths    ${encodings.map(({ ids }) => ids.length).join(", ")}`);
console.log(`cuSeqlens  ${sequences.cuSeqlens.join(", ")}`);
console.log(`rows       ${sequences.T} ragged, ${sequences.B * sequences.maxS} padded to the longest`);
console.log(`positions  ${sequences.positions().join(" ")}`);

const model = await loadModel();
const alone = (await model.forward([encodings[0]!])).lastHiddenState[0]!.data;
const together = (await model.forward(encodings)).lastHiddenState[0]!.data;
model.dispose();
const differing = alone.filter((value, i) => !Object.is(value, together[i])).length;
console.log(`"Hi."      ${alone.length} numbers, ${differing} differ between the batch of one and the batch of three`);
