/** Three heads of the real MiniLM on one sentence: who looks at whom. Rows are queries, columns keys; a row sums to 1. */
import { loadModel, Tokenizer } from "../../src/index.ts";
import { BLUE, FAINT, Figure, GRID } from "./svg.ts";

const SENTENCE = "A hummingbird drank from the flower because it was thirsty.";
const CELL = 16;
const PANEL_GAP = 24;
const LEFT = 76;
const TOP = 118;

const HEADS = [
  { layer: 0, head: 2, says: "the token before" },
  { layer: 1, head: 8, says: "the token after, or [CLS]" },
  { layer: 5, head: 11, says: "the nouns, most of all the bird" },
];

export async function drawAttentionMaps(): Promise<Figure> {
  const { tokens, ids } = (await Tokenizer.load()).encode(SENTENCE);
  const model = await loadModel(undefined, { threads: 1 });
  const { attentions } = await model.forward([{ ids }], { attentions: true });
  model.dispose();
  const S = tokens.length;
  const panel = S * CELL;
  const figure = new Figure(
    LEFT + HEADS.length * (panel + PANEL_GAP),
    TOP + panel + 22,
    "Attention maps of three heads of MiniLM for one sentence: a head that looks one token back, one that looks one token ahead, and one in which every token looks at the nouns",
  );
  HEADS.forEach(({ layer, head, says }, p) => {
    const left = LEFT + p * (panel + PANEL_GAP);
    figure.text(left, 22, `layer ${layer}, head ${head}`, { bold: true });
    figure.text(left, 40, says, { color: FAINT });
    figure.rect(left, TOP, panel, panel, GRID, 0.35);
    tokens.forEach((token, i) => {
      figure.text(left + i * CELL + 11, TOP - 6, token, { size: 11, turn: -60 });
      if (p === 0) figure.text(left - 6, TOP + i * CELL + 12, token, { size: 11, anchor: "end" });
      for (let j = 0; j < S; j++) {
        const weight = attentions![layer]![0]!.data[(head * S + i) * S + j]!;
        if (weight >= 0.01) figure.rect(left + j * CELL, TOP + i * CELL, CELL - 1, CELL - 1, BLUE, weight);
      }
    });
  });
  return figure;
}
