/** Fused operations beside their default bodies: what a pass is made of, and what two backends make of the same operands. */
import { Tokenizer } from "../../src/index.ts";
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";
import { WasmBackend } from "../../src/kernels/wasm/backend.ts";
import { baseline } from "../../src/kernels/wasm/level.ts";
import type { AttentionOptions } from "../../src/tensor/attention.ts";
import type { Backend, Norm } from "../../src/tensor/backend.ts";
import { copyOf } from "../../src/tensor/host-mat.ts";
import type { Mat } from "../../src/tensor/mat.ts";
import type { Sequences } from "../../src/tensor/sequences.ts";
import { TraceBackend } from "../../src/tensor/trace.ts";
import { head, rowOf, runOn, SENTENCE } from "./minilm.ts";

type Operation = (backend: Backend, out: Mat, inputs: readonly Mat[]) => void;

/** The reference, which keeps the operands of the first addLayerNorm and the first attention of a pass. */
class Recorder extends ReferenceBackend {
  readonly kept = new Map<string, { readonly inputs: readonly { data: Float32Array; mat: Mat }[]; readonly run: Operation }>();

  #keep(name: string, inputs: readonly Mat[], run: Operation): void {
    if (!this.kept.has(name)) this.kept.set(name, { inputs: inputs.map((mat) => ({ data: copyOf(mat), mat })), run });
  }
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    const { heads, scale } = options;
    this.#keep("attention", [q, k, v], (backend, y, [q, k, v]) => backend.attention(y, q!, k!, v!, sequences, { heads, scale }));
    super.computeAttention(out, q, k, v, sequences, options);
  }
  protected override computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    this.#keep("addLayerNorm", [a, b, norm.gamma, norm.beta!], (backend, y, [a, b, gamma, beta]) =>
      backend.addLayerNorm(y, a!, b!, { gamma: gamma!, beta, eps: norm.eps }),
    );
    super.computeAddLayerNorm(out, a, b, norm);
  }
}

const traces = [await runOn(new TraceBackend()), await runOn(new TraceBackend({ expand: true }))];
const row = (name: string, texts: readonly string[]) => console.log(`${name.padEnd(20)}${texts.map((text) => text.padStart(8)).join("")}`);
const namesOf = ({ records }: TraceBackend) => records.map(({ op }) => op);
row("one pass", ["fused", "bodies"]);
for (const name of new Set(traces.flatMap(namesOf))) {
  row(
    `  ${name}`,
    traces.map((trace) => String(namesOf(trace).filter((op) => op === name).length)),
  );
}
row(
  "operations",
  traces.map(({ records }) => String(records.length)),
);
row(
  "MB of activations",
  traces.map(({ records }) => (records.reduce((sum, { rows, cols }) => sum + 4 * rows * cols, 0) / 1e6).toFixed(2)),
);

const t = (await Tokenizer.load()).encode(SENTENCE).tokens.indexOf("##bird");
const { kept } = await runOn(new Recorder());
for (const [name, { inputs, run }] of kept) {
  const resultOn = async (backend: Backend) => {
    const constants = inputs.map(({ data, mat }) => backend.constant(data, mat.rows, mat.cols));
    const [result] = await backend.pass(() => {
      const out = backend.alloc(constants[0]!.rows, constants[0]!.cols);
      run(backend, out, constants);
      return [out];
    });
    return result!;
  };
  const body = await resultOn(new ReferenceBackend());
  const override = await resultOn(new WasmBackend(baseline));
  const differences = body.map((value, i) => Math.abs(value - override[i]!));
  const largest = Math.max(...differences);
  console.log(`${name} of layer 0, "##bird"`);
  console.log(`  the body, reference  ${head(rowOf(body, t))}`);
  console.log(`  the override, wasm   ${head(rowOf(override, t))}`);
  console.log(
    `  largest difference of ${body.length} numbers: ${largest.toExponential(1)}, at ${body[differences.indexOf(largest)]!.toFixed(2)}`,
  );
}
