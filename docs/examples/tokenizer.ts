/** WordPiece, step by step: the pieces of a word, and the offsets that lead back to the text. */
import { Tokenizer } from "../../src/index.ts";

const tokenizer = await Tokenizer.load();
const word = "hummingbirds";
console.log(`longest match first, for "${word}":`);
let start = 0;
while (start < word.length) {
  let end = word.length;
  const piece = () => (start > 0 ? "##" : "") + word.slice(start, end);
  while (end > start && tokenizer.tokenToId(piece()) === undefined) end--;
  const tried = word.length - end + 1;
  console.log(`  ${piece().padEnd(10)} id ${String(tokenizer.tokenToId(piece())).padEnd(6)} found at try ${tried}`);
  start = end;
}

const text = "Hummingbirds weigh 3–4 g, naïvely.";
const { tokens, ids, offsets, wordIds } = tokenizer.encode(text);
console.log(`\n${text}`);
for (const [i, token] of tokens.entries()) {
  const [from, to] = offsets[i]!;
  console.log(
    `  ${token.padEnd(10)} ${String(ids[i]).padStart(5)}  word ${String(wordIds[i] ?? "-").padStart(2)}  [${from}, ${to}]`.padEnd(40) +
      `"${text.slice(from, to)}"`,
  );
}
