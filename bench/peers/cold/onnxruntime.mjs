// RUNTIME FILE INPUT: a process of its own up to the first vector of { ids }, one thread. No tokenizer is loaded: in the peer's favour.
import { createRequire } from "node:module";

const [runtime, file, input] = process.argv.slice(2);
const { ids } = JSON.parse(input);
const ort = createRequire(import.meta.url)(`onnxruntime-${runtime}`);
if (runtime === "web") ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(file, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  ...(runtime === "web" ? { executionProviders: ["wasm"] } : {}),
});
const tensor = (values) => new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, ids.length]);
await session.run({ input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)), token_type_ids: tensor(ids.map(() => 0)) });
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, peakMB: (maxRSS * 1024) / 1e6 }));
process.exit(0);
