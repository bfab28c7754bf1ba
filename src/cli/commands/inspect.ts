/** `hummingbert inspect MODEL`: what a model is made of and what it costs, from its header alone; with --trace, what a forward pass does, measured. */
import { existsSync } from "node:fs";
import { objectOf, readJson } from "../../files/json.ts";
import type { ModelFiles } from "../../files/types.ts";
import type { ModelReport, PassReport, TensorRow } from "../../models/inspect.ts";
import { DEFAULT_ENCODER } from "../../tasks/defaults.ts";
import type { OpRecord } from "../../tensor/trace.ts";
import { type Command, type Invocation, integerOption, stringOption, UsageError } from "../command.ts";
import { engineOptions, loadOptions, modelOption } from "../loading.ts";
import type { Output } from "../output.ts";

export const inspect: Command = {
  name: "inspect",
  summary: "what a model is made of, and what it costs",
  usage: "[MODEL] [options]",
  details:
    "Prints the architecture as a tree with shapes, dtypes and parameters, what the file lacks or has too much, operations per token,\nmemory by part, and the tokenizer's pipeline. Reads config.json and the header of the weights, never a tensor.\nWith --trace the model runs on one thread, and every operation of the forward pass is printed with its time.",
  options: { tokens: { type: "string" }, trace: { type: "string" }, "dry-run": { type: "boolean" } },
  optionHelp: [
    ["--tokens N", "length of the text that operations are counted for (default 128)"],
    ["--trace TEXT", "every operation of a pass over TEXT: shape, operations, bytes, time, share; --trace 32: over 32 tokens"],
    ["--dry-run", "with --trace: no run and no times, from the header alone"],
  ],
  examples: [
    "hummingbert inspect sentence-transformers/all-MiniLM-L6-v2",
    'hummingbert inspect --trace "A hummingbird drinks nectar."',
    "hummingbert inspect ./my-model --trace 32 --dry-run",
  ],
  async run(invocation) {
    const { texts, values, output } = invocation;
    const source = texts[0] ?? modelOption(invocation);
    if (texts.length > 1) throw new UsageError("inspect takes one model: a folder, a Hub id or a URL; a text goes after --trace");
    const trace = stringOption(values, "trace");
    const isDry = values["dry-run"] === true;
    if (trace === "") throw new UsageError("--trace takes a text or a number of tokens");
    if (trace !== undefined && values.tokens !== undefined)
      throw new UsageError("give --trace a text or a number of tokens, without --tokens");
    if (isDry && trace === undefined) throw new UsageError("--dry-run is for --trace; without it nothing runs");
    const given = integerOption(values, "tokens");
    const { isHubId, openModelFiles } = await import("../../files/open.ts");
    const { openHubHeaders } = await import("../../files/hub-settings.ts");
    const { inspectModel } = await import("../../models/inspect.ts");
    const { dtype = source === undefined ? "w8" : "auto", ...options } = loadOptions(invocation);
    const runs = trace !== undefined && !isDry;
    const byHeaders = source !== undefined && isHubId(source) && !existsSync(source) && !runs;
    const files = await (byHeaders
      ? openHubHeaders(source, options)
      : openModelFiles(source, { ...options, defaultModel: DEFAULT_ENCODER }));
    const pieces = trace === undefined || /^\d+$/.test(trace) ? undefined : await tokensOf(trace, files);
    const found = await inspectModel(files, pieces?.length ?? (trace === undefined ? given : integerOption(values, "trace")), dtype);
    const report = byHeaders ? { ...found, label: source } : found;
    const tokenizer = await tokenizerPipeline(files);
    const times = runs && report.pass ? await measure(files, report.pass, invocation, dtype) : undefined;
    if (output.json) {
      const { pass, ...rest } = report;
      const shown = pass && { ...pass, ...(pieces && { text: trace, pieces }), ops: trace === undefined ? undefined : timed(pass, times) };
      await output.object({ ...rest, ...(shown && { pass: shown }), tokenizer });
    } else {
      await printReport(output, report, tokenizer);
      if (pieces) await output.line(`${"text".padEnd(20)} ${pieces.join(" ")}`);
      if (trace !== undefined && report.pass) await printTrace(output, report.pass, times);
    }
    if (report.problem !== undefined) throw new Error(report.problem);
  },
};

/** The tokens of a text, as the model's own tokenizer cuts it. */
async function tokensOf(text: string, files: ModelFiles): Promise<readonly string[]> {
  const { Tokenizer } = await import("../../tokenizers/tokenizer.ts");
  return (await Tokenizer.fromFiles(files)).encode(text).tokens;
}

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

async function measure(files: ModelFiles, { tokens }: PassReport, invocation: Invocation, dtype: "auto" | "f32" | "w8"): Promise<number[]> {
  const { measureOps } = await import("../../models/time-ops.ts"); // only a run needs the kernels
  return measureOps(files, tokens, { ...(await engineOptions(invocation)), dtype });
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
  const total = times?.reduce((sum, ms) => sum + ms, 0);
  const row = (op: string, shape: string, K: string, flops: number, bytes: number, ms: number | undefined) =>
    output.line(
      [
        op.padEnd(24),
        shape.padEnd(14),
        K.padStart(5),
        count(flops).padStart(11),
        count(bytes).padStart(11),
        `${((100 * flops) / pass.flops).toFixed(1).padStart(6)}%`,
        ...(ms === undefined
          ? []
          : [ms.toFixed(3).padStart(9), `${((100 * ms) / total!).toFixed(1).padStart(6)}%`, (flops / ms / 1e6).toFixed(1).padStart(9)]),
      ].join(" "),
    );
  for (const { op, rows, cols, K, flops, bytes, ms } of timed(pass, times)) {
    await row(op, `[${rows}, ${cols}]`, String(K ?? ""), flops, bytes, ms);
  }
  await row("all", "", "", pass.flops, pass.bytes, total);
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
  const found = await readJson(files, "tokenizer.json");
  if (found === undefined) return (await files.readIfPresent("vocab.txt")) ? ["WordPiece (vocab.txt)"] : [];
  const json = objectOf(found, "tokenizer.json", files.label) as Readonly<Record<string, { type?: string } | null>>;
  return ["normalizer", "pre_tokenizer", "model", "post_processor", "decoder"].flatMap((part) => json[part]?.type ?? []);
}
