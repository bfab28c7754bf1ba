/** Figures as Markdown: tables, commands, pictures. */
import { writeFileSync } from "node:fs";
import { ENGINES } from "./engines/index.ts";
import { FIGURES } from "./figures.ts";
import { median, type Row, type Run, speed } from "./rounds.ts";

export const ms = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export function find(run: Run, engine: string, workload: string): Row | undefined {
  return run.rows.find((row) => row.engine === engine && row.workload === workload);
}

/** Milliseconds of the named engines (rows) by workload (columns), the medians of `clock`. Engines that were not measured are left out. */
export function times(run: Run, engines: readonly string[], workloads: readonly string[], clock: "wall" | "cpu"): string {
  const measured = engines.filter((engine) => workloads.some((workload) => find(run, engine, workload)));
  const cell = (row: Row | undefined) => (row ? ms(median(row[clock])) : "");
  return table(
    ["ms", ...workloads],
    measured.map((engine) => [ENGINES[engine]!.label, ...workloads.map((workload) => cell(find(run, engine, workload)))]),
  );
}

const GROUPS: readonly (readonly string[])[] = [["T=8"], ["T=16", "T=32"], ["T=64", "T=128"], ["T=256", "T=512"], ["32x128"]];
export const GROUP_HEAD = ["T = 8", "16, 32", "64, 128", "256, 512", "32 x 128"] as const;

/** Speeds of one engine as multiples of another's, the smallest of each group of lengths; bold where the aim is reached. */
export function speeds(run: Run | undefined, engine: string, other: string, aims: readonly number[]): string[] {
  return GROUPS.map((workloads, i) => {
    const found = workloads.flatMap((workload) => {
      const [row, against] = run ? [find(run, engine, workload), find(run, other, workload)] : [];
      return row && against ? [speed(row, against)] : [];
    });
    if (found.length === 0) return "";
    const least = Math.min(...found);
    const shown = least.toFixed(2);
    return `${least >= aims[i]! ? `**${shown}**` : shown} (${aims[i]})`;
  });
}

/** Smallest and largest cosine with the first engine, over all workloads. */
export function cosines(run: Run, engines: readonly string[]): string {
  const rows = engines.flatMap((engine) => {
    const values = run.rows.filter((row) => row.engine === engine).map(({ cosine }) => cosine);
    return values.length > 0 ? [[ENGINES[engine]!.label, Math.min(...values).toFixed(6)]] : [];
  });
  return table(["engine", "smallest cosine"], rows);
}

export const x = (value: number) => `${value.toFixed(2)}x`;
export const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
export const command = (text: string) => `\`\`\`sh\n${text}\n\`\`\``;

/** Saves a figure; its address from the page. */
export function draw(name: string, svg: string): string {
  writeFileSync(new URL(name, FIGURES), svg);
  return `figures/${name}`;
}

/** Multiply-adds of MiniLM-L6's six layers and its attention at S tokens, as operations (a multiply-add is two). */
export function forwardOperations(C: number, F: number, L: number, S: number): number {
  return L * S * (2 * (4 * C * C + 2 * C * F) + 4 * S * C);
}
