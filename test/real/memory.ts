// node --expose-gc --import tsx memory.ts ROUNDS: loads, runs and disposes the embedded encoder again and again, and keeps every disposed model.
// Prints the resident memory after each round, in bytes.
import { SentenceEncoder } from "../../src/index.ts";

const rounds = Number(process.argv[2]);
const folder = new URL("../../weights/all-MiniLM-L6-v2", import.meta.url).href;
const disposed: unknown[] = [];
const resident: number[] = [];
for (let round = 0; round < rounds; round++) {
  const encoder = await SentenceEncoder.load(folder);
  await encoder.encode(["A hummingbird hovers over a flower.", "The parliament passed the new budget."]);
  encoder.dispose();
  disposed.push(encoder.model);
  // Two turns: one for workers and finalisers to let go, one for what they held.
  for (let turn = 0; turn < 2; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    globalThis.gc!();
  }
  resident.push(process.memoryUsage().rss);
}
console.log(JSON.stringify({ kept: disposed.length, resident }));
process.exit(0);
