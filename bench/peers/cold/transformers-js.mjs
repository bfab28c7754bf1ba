// ONNX_FOLDER DTYPE INPUT: a process of its own up to the first vector: the feature-extraction pipeline for { text }, its model alone for { ids }.
import { basename, dirname } from "node:path";
import { env, pipeline, Tensor } from "@huggingface/transformers";

const [folder, dtype, input] = process.argv.slice(2);
const { text, ids } = JSON.parse(input);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);
const extract = await pipeline("feature-extraction", basename(folder), { dtype, device: "cpu", session_options: { intraOpNumThreads: 1 } });
if (text !== undefined) {
  await extract(text, { pooling: "mean", normalize: true });
} else {
  const tensor = (values) => new Tensor("int64", BigInt64Array.from(values, BigInt), [1, ids.length]);
  await extract.model({ input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)), token_type_ids: tensor(ids.map(() => 0)) });
}
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, peakMB: (maxRSS * 1024) / 1e6 }));
process.exit(0);
