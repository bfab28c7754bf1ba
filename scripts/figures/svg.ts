/**
 * A figure as SVG text: a light card with rounded corners, so that it reads the same on a light and on a dark page.
 * Coordinates are rounded to a tenth: files stay small and a new run changes only what changed.
 */

export const INK = "#24292f";
export const FAINT = "#6e7781";
export const GRID = "#d8dee4";
export const BLUE = "#0b66c3";
export const ORANGE = "#c2570c";

const round = (x: number) => String(Math.round(x * 10) / 10);
const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");

export interface TextStyle {
  readonly size?: number;
  readonly color?: string;
  readonly anchor?: "start" | "middle" | "end";
  /** Degrees around the text's own point. */
  readonly turn?: number;
  readonly bold?: boolean;
}

export class Figure {
  readonly #width: number;
  readonly #height: number;
  readonly #title: string;
  readonly #parts: string[] = [];

  /** @param title what a screen reader says */
  constructor(width: number, height: number, title: string) {
    this.#width = width;
    this.#height = height;
    this.#title = title;
  }

  rect(x: number, y: number, width: number, height: number, fill: string, opacity = 1): void {
    const alpha = opacity === 1 ? "" : ` opacity="${opacity.toFixed(2).replace(/^0/, "")}"`;
    this.#parts.push(`<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"${alpha}/>`);
  }

  line(points: readonly (readonly [x: number, y: number])[], color: string, width = 1, dashes = ""): void {
    const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
    const dash = dashes === "" ? "" : ` stroke-dasharray="${dashes}"`;
    this.#parts.push(`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="${width}"${dash}/>`);
  }

  dot(x: number, y: number, color: string): void {
    this.#parts.push(`<circle cx="${round(x)}" cy="${round(y)}" r="3" fill="${color}"/>`);
  }

  text(x: number, y: number, text: string, { size = 12, color = INK, anchor = "start", turn = 0, bold = false }: TextStyle = {}): void {
    const rotate = turn === 0 ? "" : ` transform="rotate(${turn} ${round(x)} ${round(y)})"`;
    const weight = bold ? ' font-weight="600"' : "";
    this.#parts.push(
      `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${color}" text-anchor="${anchor}"${weight}${rotate}>${escaped(text)}</text>`,
    );
  }

  toString(): string {
    const [width, height] = [this.#width, this.#height];
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="ui-sans-serif, system-ui, Helvetica, Arial, sans-serif">`,
      `<title>${escaped(this.#title)}</title>`,
      `<rect width="${width}" height="${height}" rx="8" fill="#fdfdfc"/>`,
      ...this.#parts,
      "</svg>\n",
    ].join("\n");
  }
}
