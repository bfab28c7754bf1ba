/** The page docs/performance.md and its figures from the measured numbers. What a sentence states as a number is computed (report-peers.ts, report-self.ts). */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FIGURES_FILE, type Figures, PAGE } from "./figures.ts";
import { aims, batchSection, head, threads } from "./report-peers.ts";
import { cold, gpu, kernels, method, shapes } from "./report-self.ts";

export async function writeReport(): Promise<void> {
  const figures = JSON.parse(readFileSync(FIGURES_FILE, "utf8")) as Figures;
  const sections = [
    head(figures),
    await batchSection(figures),
    aims(figures),
    threads(figures),
    cold(figures),
    kernels(figures),
    shapes(figures),
    gpu(),
    method(figures),
  ];
  writeFileSync(PAGE, `${sections.filter(Boolean).join("\n\n")}\n`);
  console.log(`wrote ${fileURLToPath(PAGE)}`);
}
