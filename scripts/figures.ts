/**
 * Draws the figures of docs/figures from real runs:
 *
 *     npx tsx scripts/figures.ts [--out FOLDER]
 *
 * The error by layer needs the official f32 checkpoint in ../shared/data; without it that figure is left as it is.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { endWithOutput } from "../src/cli/output-end.ts";
import { drawAttentionMaps } from "./figures/attention-maps.ts";
import { drawRaggedWaste, raggedLengths, wasteOf } from "./figures/ragged-waste.ts";
import type { Figure } from "./figures/svg.ts";
import { drawLayerErrors, measureLayerErrors, officialModel } from "./figures/w8-error.ts";

endWithOutput("figures");

const { values } = parseArgs({ options: { out: { type: "string", default: fileURLToPath(new URL("../docs/figures", import.meta.url)) } } });
const folder = values.out;
mkdirSync(folder, { recursive: true });

function save(name: string, figure: Figure): void {
  const text = figure.toString();
  writeFileSync(join(folder, name), text);
  console.log(`${name}  ${(text.length / 1024).toFixed(1)} KiB`);
}

async function main(): Promise<void> {
  save("attention.svg", await drawAttentionMaps());
  const { real, padded, sorted } = wasteOf(raggedLengths());
  console.log(`  rows: ${real} ragged, ${padded} padded, ${sorted} sorted and padded in batches of 8`);
  save("ragged.svg", drawRaggedWaste());
  const official = officialModel();
  if (official === undefined) {
    console.log("w8a16-error.svg is left as it is: ../shared/data/models/all-MiniLM-L6-v2 is not here");
    return;
  }
  const errors = await measureLayerErrors(official);
  const percent = (values: readonly number[]) => values.map((value) => `${(100 * value).toFixed(2)}%`).join("  ");
  console.log(`  W8A16, after embeddings and each layer      ${percent(errors.w8)}`);
  console.log(`  the same weights, activations in f32        ${percent(errors.dequantised)}`);
  save("w8a16-error.svg", drawLayerErrors(errors));
}

await main();
