/** The whole encoder from above: its operations, cut where rows meet, and what becomes of the rows from layer to layer. */
import type { ModelOutput } from "../../src/index.ts";
import type { Rows } from "../../src/tensor/mat.ts";
import { TraceBackend } from "../../src/tensor/trace.ts";
import { rowOf, run, runOn, SENTENCE } from "./minilm.ts";

/** Writes down where stretches begin and end; operations outside are those that see all rows. */
class StretchTrace extends TraceBackend {
  readonly parts: { readonly name: string; readonly ops: readonly string[] }[] = [];
  #seen = 0;

  override stretch(T: number, body: (rows: Rows) => void): void {
    this.close("all rows");
    super.stretch(T, body);
    this.close("stretch");
  }
  close(name: string): void {
    const ops = this.records.slice(this.#seen).map(({ op, cols }) => `${op.replace("project w8", "project")} ${cols}`);
    if (ops.length > 0) this.parts.push({ name, ops });
    this.#seen = this.records.length;
  }
}

const trace = await runOn(new StretchTrace());
console.log("operation and columns of its result");
for (const { name, ops } of trace.parts.slice(0, 4)) console.log(`  ${name.padEnd(8)}  ${ops.join(", ")}`);
console.log(`  ... ${trace.parts.length} parts`);

const { encoding, output } = await run();
const other = await run(SENTENCE.replace("thirsty", "hungry"));
const { tokens } = encoding;
const state = ({ hiddenStates }: ModelOutput, l: number, t: number) => rowOf(hiddenStates![l]![0]!.data, t);
const [it, bird, was] = ["it", "##bird", "was"].map((token) => tokens.indexOf(token)) as [number, number, number];

console.log('cosine of the row of "it" with       rows that differ');
console.log('      its x0   "##bird"   "was"      with "hungry" at the end');
for (const l of output.hiddenStates!.keys()) {
  const x = state(output, l, it);
  const cosines = [state(output, 0, it), state(output, l, bird), state(output, l, was)].map((row) => cosine(x, row).toFixed(2));
  const changed = tokens.filter((_, t) => state(output, l, t).some((value, c) => value !== state(other.output, l, t)[c]));
  console.log(`x${l} ${cosines.map((text) => text.padStart(9)).join("")} ${String(changed.length).padStart(12)} of ${tokens.length}`);
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, c) => sum + value * y[c]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
