/**
 * What int8 weights do to the hidden states, layer by layer: |h_w8 - h_f32| / |h_f32| over all tokens of the sentences of scripts/demo.txt (Euclidean norms),
 * for W8A16 and for the same int8 weights multiplied out to f32 (so without int16 activations). Needs the official f32 checkpoint.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModel, type Model, Tokenizer } from "../../src/index.ts";
import { BLUE, FAINT, Figure, GRID, ORANGE } from "./svg.ts";

const MOST_SENTENCES = 64;
const WIDTH = 560;
const HEIGHT = 300;
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 30, 66, 44];

export interface LayerErrors {
  readonly w8: number[];
  readonly dequantised: number[];
}

/** The official f32 folder beside the clone, if it is there. */
export function officialModel(): string | undefined {
  const folder = fileURLToPath(new URL("../../../shared/data/models/all-MiniLM-L6-v2", import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** Relative errors after the embeddings and after each layer. */
export async function measureLayerErrors(official: string): Promise<LayerErrors> {
  const lines = readFileSync(new URL("../demo.txt", import.meta.url), "utf8").split(/(?<=[.!?])\s+/);
  const texts = lines.map((line) => line.trim()).filter((line) => line.length > 0);
  const batch = (await Tokenizer.load()).encodeBatch(texts.slice(0, MOST_SENTENCES), { truncation: "longest_first", maxLength: 128 });
  const states = async (model: Model) => {
    const { hiddenStates } = await model.forward(batch, { hiddenStates: true });
    model.dispose();
    return hiddenStates!;
  };
  const embedded = fileURLToPath(new URL("../../weights/all-MiniLM-L6-v2", import.meta.url));
  const truth = await states(await loadModel(official, { dtype: "f32" }));
  const errorsOf = (found: typeof truth) =>
    found.map((layer, l) => {
      let difference = 0;
      let norm = 0;
      layer.forEach(({ data }, i) => {
        const exact = truth[l]![i]!.data;
        data.forEach((value, c) => {
          difference += (value - exact[c]!) ** 2;
          norm += exact[c]! ** 2;
        });
      });
      return Math.sqrt(difference / norm);
    });
  return {
    w8: errorsOf(await states(await loadModel(embedded, { dtype: "w8" }))),
    dequantised: errorsOf(await states(await loadModel(embedded, { dtype: "f32" }))),
  };
}

export function drawLayerErrors({ w8, dequantised }: LayerErrors): Figure {
  const figure = new Figure(WIDTH, HEIGHT, "Relative error of the hidden states by layer, int8 weights against f32");
  const most = Math.ceil(Math.max(...w8, ...dequantised) * 100) / 100;
  const x = (l: number) => LEFT + (l * (WIDTH - LEFT - RIGHT)) / (w8.length - 1);
  const y = (error: number) => HEIGHT - BOTTOM - (error / most) * (HEIGHT - TOP - BOTTOM);
  figure.text(14, 24, "Error of the hidden states, int8 weights against f32", { bold: true });
  figure.line(
    [
      [16, 40],
      [40, 40],
    ],
    BLUE,
    2,
  );
  figure.text(46, 44, "W8A16");
  figure.line(
    [
      [116, 40],
      [140, 40],
    ],
    ORANGE,
    2,
    "2 6",
  );
  figure.text(146, 44, "the same weights, activations in f32");
  for (let tick = 0; tick <= most + 1e-9; tick += 0.01) {
    figure.line(
      [
        [LEFT, y(tick)],
        [WIDTH - RIGHT, y(tick)],
      ],
      GRID,
    );
    figure.text(LEFT - 8, y(tick) + 4, `${Math.round(tick * 100)}%`, { size: 11, anchor: "end", color: FAINT });
  }
  w8.forEach((error, l) => {
    figure.text(x(l), HEIGHT - BOTTOM + 20, l === 0 ? "x0 (embeddings)" : `x${l}`, {
      size: 11,
      anchor: "middle",
      color: FAINT,
    });
    figure.dot(x(l), y(error), BLUE);
  });
  figure.line(
    w8.map((error, l) => [x(l), y(error)] as const),
    BLUE,
    2,
  );
  figure.line(
    dequantised.map((error, l) => [x(l), y(error)] as const),
    ORANGE,
    2,
    "2 6",
  );
  return figure;
}
