/** What a forward pass of 128 tokens is made of: operations by kind, counted by the trace. */
import { fileURLToPath } from "node:url";
import { openModelFiles } from "../../src/files/open.ts";
import { inspectModel } from "../../src/models/inspect.ts";

const folder = fileURLToPath(new URL("../../weights/all-MiniLM-L6-v2", import.meta.url));
const { pass, parameters } = await inspectModel(await openModelFiles(folder, {}), 128);
const { tokens, flops, ops } = pass!;

/** A product is named by what it does in BERT: its inner and outer size. */
const KINDS: Readonly<Record<string, string>> = {
  "project w8 384 1152": "Q, K, V",
  "project w8 384 384": "attention output",
  "project w8 gelu 384 1536": "feed-forward, up and GELU",
  "project w8 1536 384": "feed-forward, down",
};
const sums = new Map<string, number>();
for (const { op, K, cols, flops: own } of ops) {
  const kind = KINDS[`${op} ${K} ${cols}`] ?? op;
  sums.set(kind, (sums.get(kind) ?? 0) + own);
}
console.log(`${(parameters / 1e6).toFixed(1)} M parameters, ${(flops / 1e9).toFixed(2)} GFLOP for ${tokens} tokens`);
for (const [kind, own] of [...sums].sort((a, b) => b[1] - a[1])) {
  console.log(`${kind.padEnd(26)} ${(own / 1e6).toFixed(1).padStart(8)} MFLOP ${((100 * own) / flops).toFixed(1).padStart(6)}%`);
}
