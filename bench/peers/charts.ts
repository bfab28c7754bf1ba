/** The figures of docs/performance.md, drawn from the measured numbers. */
import type { ColdRow } from "./cold.ts";
import type { Figures } from "./figures.ts";
import { axes, type Bar, bars, COLORS, figure, lines, logScale, type Series, text } from "./plot.ts";
import { median, type Run } from "./rounds.ts";
import { find, ms } from "./tables.ts";
import { LENGTHS } from "./workloads.ts";

const LINES: readonly { engine: string; label: string; color: string; dashed?: boolean }[] = [
  { engine: "hummingbert-f32", label: "hummingbert f32", color: COLORS.orange },
  { engine: "hummingbert-w8", label: "hummingbert w8", color: COLORS.amber },
  { engine: "ort-node", label: "onnxruntime-node fp32", color: COLORS.blue },
  { engine: "ort-node-int8", label: "onnxruntime-node int8", color: COLORS.sky, dashed: true },
  { engine: "ort-web", label: "onnxruntime-web fp32", color: COLORS.green },
  { engine: "ort-web-int8", label: "onnxruntime-web int8", color: COLORS.lime, dashed: true },
  { engine: "pytorch", label: "PyTorch", color: COLORS.purple },
  { engine: "tfjs-wasm", label: "TensorFlow.js wasm", color: COLORS.red },
  { engine: "jax-js", label: "jax-js wasm", color: COLORS.grey },
];

/** CPU time of one text by its length, both axes logarithmic. */
export function latencyChart(run: Run): string {
  const series: Series[] = LINES.flatMap(({ engine, ...look }) => {
    const points = LENGTHS.flatMap((T) => {
      const row = find(run, engine, `T=${T}`);
      return row ? [[T, median(row.cpu)] as const] : [];
    });
    return points.length > 1 ? [{ ...look, points }] : [];
  });
  const values = series.flatMap(({ points }) => points.map(([, y]) => y));
  const area = { left: 64, right: 560, top: 66, bottom: 430 };
  const frame = {
    area,
    x: logScale([LENGTHS[0], LENGTHS.at(-1)!], [area.left, area.right]),
    y: logScale([Math.min(...values) * 0.85, Math.max(...values) * 1.15], [area.bottom, area.top]),
  };
  const ticks = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter(
    (value) => value >= Math.min(...values) && value <= Math.max(...values),
  );
  const title = `all-MiniLM-L6-v2, one text on one thread, Node ${run.node.slice(1)}`;
  return figure(760, 484, title, `${axes(frame, LENGTHS, ticks, "tokens", "ms")}\n${lines(frame, series)}`);
}

/** The ragged batch as one padded call sees it, and what each way of feeding costs. */
export function raggedChart(run: Run, lengths: readonly number[]): string {
  const longest = Math.max(...lengths);
  const real = lengths.reduce((sum, length) => sum + length, 0);
  const [left, top, row, width] = [24, 70, 5, 200];
  const rows = lengths
    .map((length, i) => {
      const split = (length / longest) * width;
      const y = top + i * row;
      return `<rect x="${left}" y="${y}" width="${split.toFixed(1)}" height="${row - 1}" style="fill:${COLORS.orange}"/><rect class="faint" x="${(left + split).toFixed(1)}" y="${y}" width="${(width - split).toFixed(1)}" height="${row - 1}"/>`;
    })
    .join("");
  const waste = [
    text(left, 58, `${lengths.length} texts, ${real.toLocaleString("en")} tokens`, { kind: "soft" }),
    rows,
    text(left, top + row * lengths.length + 20, `padded to ${longest}: ${(longest * lengths.length).toLocaleString("en")} positions`, {
      kind: "soft",
    }),
    text(left, top + row * lengths.length + 37, `${(100 * (1 - real / (longest * lengths.length))).toFixed(0)}% of them padding (grey)`, {
      kind: "soft",
    }),
  ];
  const names: readonly [string, string, string][] = [
    ["hummingbert-w8", "hummingbert w8, one call", COLORS.amber],
    ["hummingbert-f32", "hummingbert f32, one call", COLORS.orange],
    ["ort-node-int8-single", "ort-node int8, one by one", COLORS.sky],
    ["ort-node-single", "ort-node fp32, one by one", COLORS.blue],
    ["ort-node-buckets", "ort-node fp32, best buckets", COLORS.blue],
    ["ort-node-int8", "ort-node int8, padded", COLORS.sky],
    ["ort-node", "ort-node fp32, padded", COLORS.blue],
    ["ort-web-int8-single", "ort-web int8, one by one", COLORS.lime],
    ["ort-web-single", "ort-web fp32, one by one", COLORS.green],
    ["ort-web-int8", "ort-web int8, padded", COLORS.lime],
    ["ort-web", "ort-web fp32, padded", COLORS.green],
    ["pytorch", "PyTorch, padded", COLORS.purple],
  ];
  const items: Bar[] = names.flatMap(([engine, label, color]) => {
    const found = find(run, engine, "ragged");
    return found ? [{ label, color, value: median(found.cpu), shown: `${ms(median(found.cpu))} ms` }] : [];
  });
  items.sort((a, b) => a.value - b.value);
  const cut = 2.2 * (items[Math.floor(items.length * 0.6)]?.value ?? 1);
  return figure(
    800,
    454,
    "A ragged mix: what padding costs",
    `${waste.join("\n")}\n${bars(items, 450, 62, 250, 30, Math.min(cut, items.at(-1)?.value ?? 1))}`,
  );
}

/** Operations of the microbenchmarks between what memory and what arithmetic allow. */
export function rooflineChart({ rows, peaks, node }: NonNullable<Figures["kernels"]>): string {
  const looks: readonly [RegExp, string, string][] = [
    [/^linear-w8/, "linear w8", COLORS.amber],
    [/^linear/, "linear, with or without activation", COLORS.orange],
    [/^matmul /, "matmul (unpacked)", COLORS.red],
    [/^attention /, "attention", COLORS.purple],
    [/^(softmax|gelu) /, "softmax, GELU", COLORS.green],
    [/^(layer-norm|add-layer-norm|pool-mean) /, "norms, pooling", COLORS.blue],
  ];
  const points = rows
    .filter(({ backend, gflops }) => backend === "wasm" && gflops > 0)
    .map((row) => ({ ...row, intensity: row.gflops / row.gbs }));
  const area = { left: 64, right: 560, top: 66, bottom: 430 };
  const [low, high] = [0.1, 200];
  const frame = { area, x: logScale([low, high], [area.left, area.right]), y: logScale([0.5, 400], [area.bottom, area.top]) };
  const at = (x: number, y: number) => `${frame.x(x).toFixed(1)} ${frame.y(y).toFixed(1)}`;
  const roof = (peak: number, name: string, dy: number) =>
    `<path class="ink" stroke-width="1.6" d="M${at(peak / peaks.cache, peak)}L${at(high, peak)}"/>${text(area.right + 8, frame.y(peak) + dy, `${name}: ${peak.toFixed(0)}`, { kind: "soft small" })}`;
  const top = Math.max(peaks.w8, peaks.f32);
  const slope = (rate: number) =>
    `<path class="ink" stroke-width="1.6" d="M${at(Math.max(low, 0.5 / rate), Math.max(low * rate, 0.5))}L${at(top / rate, top)}"/>`;
  const steep = (-180 / Math.PI) * Math.atan2(frame.y(1) - frame.y(10), frame.x(10) - frame.x(1));
  const along = (rate: number, name: string) => {
    const [cx, cy] = [frame.x(0.15), frame.y(0.15 * rate)];
    return `<g transform="rotate(${steep.toFixed(1)} ${cx.toFixed(1)} ${cy.toFixed(1)})">${text(cx, cy - 6, `${name}: ${rate.toFixed(0)} GB/s`, { kind: "soft small" })}</g>`;
  };
  const dots = points
    .map(({ job, intensity, gflops }) => {
      const color = looks.find(([pattern]) => pattern.test(job))?.[2] ?? COLORS.grey;
      return `<circle cx="${frame.x(intensity).toFixed(1)}" cy="${frame.y(gflops).toFixed(1)}" r="4" style="fill:${color};fill-opacity:.75"><title>${job}: ${gflops.toFixed(1)} GFLOP/s</title></circle>`;
    })
    .join("");
  const legend = looks
    .map(([, label, color], i) => `<circle cx="584" cy="${230 + 22 * i}" r="5" style="fill:${color}"/>${text(596, 234 + 22 * i, label)}`)
    .join("");
  const notes = [
    roof(peaks.f32, "f32 peak", 12),
    roof(peaks.w8, "w8 peak", -2),
    slope(peaks.cache),
    slope(peaks.memory),
    along(peaks.cache, "2 MiB again and again"),
    along(peaks.memory, "128 MiB"),
  ];
  const title = `Kernels at MiniLM's shapes, 8 to 128 tokens, one core, Node ${node.slice(1)}`;
  return figure(
    780,
    484,
    title,
    `${axes(frame, [0.1, 1, 10, 100], [1, 10, 100], "operations a byte", "10^9 operations a second")}\n${notes.join("\n")}\n${dots}${legend}`,
  );
}

export function coldChart(rows: readonly ColdRow[]): string {
  const color = (label: string) =>
    label.startsWith("hummingbert")
      ? COLORS.amber
      : label.startsWith("onnxruntime-node")
        ? COLORS.blue
        : label.startsWith("onnxruntime-web")
          ? COLORS.green
          : COLORS.purple;
  const shown = rows.filter(({ label }) => label !== "PyTorch");
  const items = shown.map(
    ({ label, ms: times }): Bar => ({ label, value: median(times), color: color(label), shown: `${median(times).toFixed(0)} ms` }),
  );
  items.sort((a, b) => a.value - b.value);
  return figure(760, 64 + 30 * items.length, "Cold start: from spawning Node to the first vector", bars(items, 270, 50, 400, 30));
}
