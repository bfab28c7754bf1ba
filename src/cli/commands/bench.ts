/** `hummingbert bench`: how fast this machine runs a model. */
import { DEFAULT_ENCODER } from "../../tasks/defaults.ts";
import { type Command, UsageError } from "../command.ts";
import { engineOptions, modelOption } from "../loading.ts";

const DEFAULT_TOKENS = "8,32,128,256";
/** Each length runs for about this long after a warm-up; the median call counts. */
const MEASURE_MS = 1000;
const WARM_UP_CALLS = 5;

export const bench: Command = {
  name: "bench",
  summary: "how fast this machine runs a model",
  usage: "[options]",
  details:
    "Times the forward pass of one text at several lengths, and of a batch. Kernels have their own benchmark: npm run bench in a clone.",
  options: { tokens: { type: "string" } },
  optionHelp: [["--tokens LIST", `lengths of text (default ${DEFAULT_TOKENS})`]],
  examples: ["hummingbert bench", "hummingbert bench --model ./my-model --dtype w8 --tokens 16,64"],
  async run(invocation) {
    const { texts: given, values, output, signal } = invocation;
    if (given.length > 0) throw new UsageError("bench takes no texts: it makes its own, as long as --tokens says");
    const lengths = String(values.tokens ?? DEFAULT_TOKENS)
      .split(",")
      .map(Number);
    if (!lengths.every((S) => Number.isInteger(S) && S > 0))
      throw new UsageError(`--tokens takes whole numbers with commas, got "${values.tokens}"`);
    const options = await engineOptions(invocation);
    const source = modelOption(invocation);
    const { openModelFiles } = await import("../../files/open.ts");
    const { engineInfo } = await import("../../kernels/wasm/features.ts");
    const { loadModelFromFiles } = await import("../../models/load.ts");
    const files = await openModelFiles(source, { ...options, defaultModel: DEFAULT_ENCODER });
    const loadStart = performance.now();
    const model = await loadModelFromFiles(files, { ...options, architecture: "Model" });
    const loadMs = performance.now() - loadStart;
    try {
      const { kernels, threads } = engineInfo();
      const about = {
        model: files.label,
        dtype: model.dtype,
        device: model.device,
        deviceReason: model.deviceReason,
        kernels,
        threads,
        loadMs: Math.round(loadMs),
      };
      if (output.json) await output.object(about);
      else
        await output.line(
          `${about.model} (${about.dtype}) on ${about.device}, ${kernels}, ${threads} threads; loaded in ${about.loadMs} ms`,
        );
      const workloads = [
        ...lengths.filter((S) => S <= model.maxLength).map((S) => ({ texts: 1, S })),
        { texts: 32, S: Math.min(128, model.maxLength) },
      ];
      for (const { texts, S } of workloads) {
        const ids = Array.from({ length: S }, (_, s) => s % 5); // ids of special tokens exist in every vocabulary; the time does not depend on them
        const batch = Array.from({ length: texts }, () => ({ ids }));
        const samples: number[] = [];
        for (let call = -WARM_UP_CALLS, end = Number.POSITIVE_INFINITY; call < 3 || performance.now() < end; call++) {
          signal.throwIfAborted();
          if (call === 0) end = performance.now() + MEASURE_MS;
          const start = performance.now();
          await model.computeHidden(batch, (_backend, hidden) => [hidden.slice({ first: 0, count: 1 })]);
          if (call >= 0) samples.push(performance.now() - start);
        }
        const ms = samples.sort((a, b) => a - b)[samples.length >> 1]!;
        const tokensPerSecond = Math.round((1000 * texts * S) / ms);
        if (output.json) await output.object({ texts, tokens: S, ms, tokensPerSecond });
        else
          await output.line(
            `${String(texts).padStart(3)} × ${String(S).padStart(3)} tokens ${ms.toFixed(2).padStart(9)} ms ${String(tokensPerSecond).padStart(9)} tokens/s`,
          );
      }
    } finally {
      model.dispose();
    }
  },
};
