/** SVG figures by hand: axes, lines, bars, labels that do not collide. Ink and paper follow the reader's colour scheme together, so both are legible. */

const STYLE = `<style>
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
.soft { fill: #59636e } .small { font-size: 11.5px } .title { font-size: 15px; font-weight: 600 }
.paper { fill: #ffffff } .grid { stroke: #d8dee4; fill: none } .faint { fill: #d8dee4 } .ink { stroke: #59636e; fill: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .soft { fill: #9da7b3 } .paper { fill: #0d1117 } .grid { stroke: #30363d } .faint { fill: #3a424c } .ink { stroke: #9da7b3 }
}
</style>`;

/** Middle tones: seen on white and on near-black. */
export const COLORS = {
  orange: "#e8590c",
  amber: "#e5a00d",
  blue: "#2b7fd9",
  sky: "#5aa9f0",
  green: "#2f9e44",
  lime: "#74b816",
  purple: "#a35bd6",
  grey: "#868e96",
  red: "#e03131",
};

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const px = (value: number) => value.toFixed(1);

export function figure(width: number, height: number, title: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
${STYLE}
<rect class="paper" width="${width}" height="${height}" rx="6"/>
<text class="title" x="16" y="26">${escaped(title)}</text>
${body}
</svg>
`;
}

export function text(
  x: number,
  y: number,
  value: string,
  options: { anchor?: "start" | "middle" | "end"; kind?: string; color?: string } = {},
): string {
  const { anchor = "start", kind = "", color } = options;
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" class="${kind}"${color ? ` style="fill:${color}"` : ""}>${escaped(value)}</text>`;
}

/** A logarithmic axis: value to pixel. */
export function logScale([low, high]: readonly [number, number], [from, to]: readonly [number, number]): (value: number) => number {
  return (value) => from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);
}

export interface Frame {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly area: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

/** Grid lines with their values, and the names of the axes. */
export function axes({ x, y, area }: Frame, xs: readonly number[], ys: readonly number[], xName: string, yName: string): string {
  const label = (value: number) => (value >= 1000 ? value.toLocaleString("en") : `${value}`);
  return [
    ...xs.map(
      (value) =>
        `<path class="grid" d="M${px(x(value))} ${area.top}V${area.bottom}"/>${text(x(value), area.bottom + 18, label(value), { anchor: "middle", kind: "soft" })}`,
    ),
    ...ys.map(
      (value) =>
        `<path class="grid" d="M${area.left} ${px(y(value))}H${area.right}"/>${text(area.left - 8, y(value) + 4, label(value), { anchor: "end", kind: "soft" })}`,
    ),
    text((area.left + area.right) / 2, area.bottom + 38, xName, { anchor: "middle", kind: "soft" }),
    text(area.left - 36, area.top - 12, yName, { kind: "soft" }),
  ].join("\n");
}

export interface Series {
  readonly label: string;
  readonly color: string;
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines with dots, each named at its right end. */
export function lines({ x, y, area }: Frame, series: readonly Series[]): string {
  const ends = apart(
    series.map(({ points }) => y(points.at(-1)![1])),
    16,
  );
  return series
    .map(({ label, color, dashed, points }, i) => {
      const path = points.map(([a, b], p) => `${p === 0 ? "M" : "L"}${px(x(a))} ${px(y(b))}`).join("");
      const dots = points.map(([a, b]) => `<circle cx="${px(x(a))}" cy="${px(y(b))}" r="3" style="fill:${color}"/>`).join("");
      const lead = `<path d="M${px(x(points.at(-1)![0]) + 5)} ${px(y(points.at(-1)![1]))}L${area.right + 14} ${px(ends[i]!)}" style="stroke:${color};opacity:.5"/>`;
      return `<path d="${path}" style="stroke:${color};stroke-width:2.2;fill:none${dashed ? ";stroke-dasharray:6 4" : ""}"/>${dots}${lead}${text(area.right + 18, ends[i]! + 4, label, { color })}`;
    })
    .join("\n");
}

/** The same heights, moved as little as order and a smallest distance demand. */
export function apart(heights: readonly number[], distance: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const moved = [...heights];
  for (let pass = 0; pass < 200; pass++) {
    for (let k = 1; k < order.length; k++) {
      const [upper, lower] = [order[k - 1]!, order[k]!];
      const overlap = distance - (moved[lower]! - moved[upper]!);
      if (overlap > 0) {
        moved[upper]! -= overlap / 2;
        moved[lower]! += overlap / 2;
      }
    }
  }
  return moved;
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly color: string;
  readonly shown: string;
}

/** Horizontal bars from x to x + width, names to their left, values at their ends; bars of more than `limit` are cut and say so. */
export function bars(
  items: readonly Bar[],
  x: number,
  top: number,
  width: number,
  step = 26,
  limit = Math.max(...items.map(({ value }) => value)),
): string {
  return items
    .map(({ label, value, color, shown }, i) => {
      const y = top + i * step;
      const length = Math.max(1, (Math.min(value, limit) / limit) * width);
      const cut = value > limit ? `<path class="paper" d="M${px(x + length - 16)} ${y - 2}l5 0l-5 ${step - 2}l-5 0z"/>` : "";
      return `${text(x - 8, y + step / 2 + 1, label, { anchor: "end" })}<rect x="${x}" y="${y}" width="${px(length)}" height="${step - 7}" rx="2" style="fill:${color}"/>${cut}${text(x + length + 7, y + step / 2 + 1, shown, { kind: "soft" })}`;
    })
    .join("\n");
}
