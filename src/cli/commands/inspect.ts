/** `hummingbert inspect MODEL`: what a model is made of and what it costs, from its header alone. */
import { existsSync } from "node:fs";
import type { ModelFiles } from "../../files/types.ts";
import type { ModelReport, PassReport, TensorRow } from "../../models/inspect.ts";
import type { OpRecord } from "../../tensor/trace.ts";
import { type Command, type Invocation, integerOption, UsageError } from "../command.ts";
import { engineOptions, loadOptions, modelOption } from "../loading.ts";
import type { Output } from "../output.ts";

export const inspect: Command = {
  name: "inspect",
  summary: "what a model is made of, and what it costs",
  usage: "MODEL [options]",
  details:
    "Prints the architecture as a tree with shapes, dtypes and parameters, what the file lacks or has too much, operations per token,\nmemory by part, and the tokenizer's pipeline. Reads config.json and the header of the weights, never a tensor,\nunless --time asks for a run.",
  options: { tokens: { type: "string" }, trace: { type: "boolean" }, time: { type: "boolean" } },
  optionHelp: [
    ["--tokens N", "length of the text that operations are counted for (default 128)"],
    ["--trace", "every operation of a forward pass, with shapes, operations and bytes"],
    ["--time", "the same with measured times: loads the model and runs it on one thread"],
  ],
  examples: [
    "hummingbert inspect sentence-transformers/all-MiniLM-L6-v2",
    "hummingbert inspect ./my-model --trace --tokens 32",
    "hummingbert inspect ./my-model --time",
  ],
  async run(invocation) {
    const { texts, values, output } = invocation;
    const source = texts[0] ?? modelOption(invocation);
    if (source === undefined || texts.length > 1) throw new UsageError("inspect takes one model: a folder, a Hub id or a URL");
    const { isHubId, openModelFiles } = await import("../../files/open.ts");
    const { openHubHeaders } = await import("../../files/hub-settings.ts");
    const { inspectModel } = await import("../../models/inspect.ts");
    const options = loadOptions(invocation);
    const byHeaders = isHubId(source) && !existsSync(source) && !values.time;
    const files = await (byHeaders ? openHubHeaders(source, options) : openModelFiles(source, options));
    const found = await inspectModel(files, integerOption(values, "tokens"), options.dtype);
    const report = byHeaders ? { ...found, label: source } : found;
    const tokenizer = await tokenizerPipeline(files);
    const times = values.time && report.pass ? await measure(files, report.pass, invocation) : undefined;
    const withOps = values.trace === true || times !== undefined;
    if (output.json) {
      const { pass, ...rest } = report;
      await output.object({
        ...rest,
        ...(pass && { pass: withOps ? { ...pass, ops: timed(pass, times) } : { ...pass, ops: undefined } }),
        tokenizer,
      });
    } else {
      await printReport(output, report, tokenizer);
      if (withOps && report.pass) await printTrace(output, report.pass, times);
    }
    if (report.problem !== undefined) throw new Error(report.problem);
  },
};

const count = (value: number): string =>
  value >= 1e9
    ? `${(value / 1e9).toFixed(2)} G`
    : value >= 1e6
      ? `${(value / 1e6).toFixed(2)} M`
      : value >= 1e4
        ? `${(value / 1e3).toFixed(1)} k`
        : `${value}`;

async function printReport(output: Output, report: ModelReport, tokenizer: readonly string[]): Promise<void> {
  await output.line(`${output.paint("bold", report.architecture)}  ${output.paint("dim", report.label)}`);
  for (const { path, text, times } of treeOf(report.tensors)) {
    const depth = path.split(".").length - 1;
    const name = path.split(".").at(-1)!;
    await output.line(
      `${"  ".repeat(depth + 1)}${output.paint("cyan", name)}${times > 1 ? output.paint("yellow", ` × ${times}`) : ""}  ${text}`,
    );
  }
  const rows: [string, string][] = [
    ["parameters", count(report.parameters)],
    ["weights", `${count(report.fileBytes)}B in ${report.tensors.length} tensors: ${dtypesOf(report.tensors)}`],
  ];
  for (const [part, bytes] of partsOf(report.tensors)) rows.push([`  ${part}`, `${count(bytes)}B`]);
  if (report.pass) {
    const { tokens, flops, bytes, scratchBytes } = report.pass;
    rows.push([`forward, ${tokens} tokens`, `${count(flops)}FLOP, ${count(bytes)}B touched, ${count(scratchBytes)}B of scratch`]);
    rows.push(["per token", `${count(flops / tokens)}FLOP`]);
  }
  if (report.unusedTensors.length > 0) rows.push(["not used", report.unusedTensors.join(", ")]);
  rows.push(["tokenizer", tokenizer.length > 0 ? tokenizer.join(" → ") : "none in the folder"]);
  for (const [label, value] of rows) await output.line(`${label.padEnd(20)} ${value}`);
}

async function measure(files: ModelFiles, { tokens }: PassReport, invocation: Invocation): Promise<number[]> {
  const { measureOps } = await import("../../models/time-ops.ts"); // only a run needs the kernels
  return measureOps(files, tokens, await engineOptions(invocation));
}

/** The ops of a pass, each with its milliseconds where they were measured. */
function timed({ ops }: PassReport, times: readonly number[] | undefined): (OpRecord & { ms?: number })[] {
  if (times === undefined) return [...ops];
  if (times.length !== ops.length)
    throw new Error(`the trace has ${ops.length} operations, the run had ${times.length}; is the device not "wasm"?`);
  return ops.map((op, i) => ({ ...op, ms: times[i]! }));
}

async function printTrace(output: Output, pass: PassReport, times: readonly number[] | undefined): Promise<void> {
  const clock = times ? "        ms    time   GFLOP/s" : "";
  await output.line(output.paint("bold", `\nop                        out              K        FLOP       bytes   share${clock}`));
  const total = times?.reduce((sum, ms) => sum + ms, 0) ?? 0;
  for (const { op, rows, cols, K, flops, bytes, ms } of timed(pass, times)) {
    const cells = [
      op.padEnd(24),
      `[${rows}, ${cols}]`.padEnd(14),
      String(K ?? "").padStart(5),
      count(flops).padStart(11),
      count(bytes).padStart(11),
      `${((100 * flops) / pass.flops).toFixed(1).padStart(6)}%`,
      ...(ms === undefined
        ? []
        : [ms.toFixed(3).padStart(9), `${((100 * ms) / total).toFixed(1).padStart(6)}%`, (flops / ms / 1e6).toFixed(1).padStart(9)]),
    ];
    await output.line(cells.join(" "));
  }
}

interface TreeLine {
  readonly path: string;
  readonly text: string;
  /** How many numbered siblings look the same. */
  readonly times: number;
}

/** Modules as an indented tree, each with its own tensors; numbered layers of the same form are one branch. */
export function treeOf(tensors: readonly TensorRow[]): TreeLine[] {
  const merged = new Map<string, { indices: Set<string>; tensor: TensorRow }>();
  for (const tensor of tensors) {
    const form = `${tensor.name.replace(/(^|\.)\d+(?=\.)/, "$1#")} ${tensor.dtype} ${tensor.shape}`;
    const index = /(?:^|\.)(\d+)\./.exec(tensor.name)?.[1] ?? "";
    const known = merged.get(form);
    if (known) known.indices.add(index);
    else merged.set(form, { indices: new Set([index]), tensor });
  }
  const lines = new Map<string, TreeLine>();
  for (const { indices, tensor } of [...merged.values()].sort((x, y) => (x.tensor.name < y.tensor.name ? -1 : 1))) {
    const parts = tensor.name.split(".");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join(".");
      if (!lines.has(path)) lines.set(path, { path, text: "", times: /^\d+$/.test(parts[depth - 1]!) ? indices.size : 1 });
    }
    const owner = parts.slice(0, -1).join(".");
    const line = lines.get(owner) ?? { path: parts[0]!, text: "", times: 1 };
    const own = `${parts.at(-1)} ${tensor.dtype} [${tensor.shape.join(", ")}]`;
    lines.set(owner || parts[0]!, { ...line, text: line.text ? `${line.text}, ${own}` : own });
  }
  return [...lines.values()];
}

/** Bytes of embeddings, encoder and the rest. */
function partsOf(tensors: readonly TensorRow[]): [string, number][] {
  const parts = new Map<string, number>();
  for (const { name, bytes } of tensors) {
    const part = /embeddings?[._]/.test(name) ? "embeddings" : /layers?[._]|blocks?[._]/.test(name) ? "layers" : "pooler and heads";
    parts.set(part, (parts.get(part) ?? 0) + bytes);
  }
  return [...parts];
}

function dtypesOf(tensors: readonly TensorRow[]): string {
  const counts = new Map<string, number>();
  for (const { dtype } of tensors) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return [...counts].map(([dtype, n]) => `${n} ${dtype}`).join(", ");
}

/** The components of tokenizer.json by their types, in the order in which text passes through them. */
async function tokenizerPipeline(files: ModelFiles): Promise<string[]> {
  const bytes = await files.readIfPresent("tokenizer.json");
  if (!bytes) return (await files.readIfPresent("vocab.txt")) ? ["WordPiece (vocab.txt)"] : [];
  const json = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, { type?: string } | null>>;
  return ["normalizer", "pre_tokenizer", "model", "post_processor", "decoder"].flatMap((part) => json[part]?.type ?? []);
}
