/**
 * MB/s of this library's tokenizer, of @huggingface/tokenizers (JavaScript) and of the Rust library (through pip, one thread) on the same texts.
 * CPU time, best of several rounds, rounds interleaved. Token counts must agree before anything is timed.
 *
 *   npm install && npx tsx bench.ts [--rounds 7] [--python python3] [--tokenizer FOLDER]
 *
 * Offsets, tokens and word ids are part of our result and of Rust's; the JavaScript peer has none of them.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endWithOutput } from "../../src/cli/output-end.ts";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { type Corpus, corpora } from "./texts.ts";

endWithOutput("bench/tokenizers");

interface Encoder {
  readonly name: string;
  /** Number of tokens, special ones included. */
  encode(text: string): number;
}

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const rounds = Number(option("rounds") ?? 7);
const shared = fileURLToPath(new URL("../../../shared/data/models/all-MiniLM-L6-v2", import.meta.url));
const folder = option("tokenizer") ?? shared;

async function ours(): Promise<Encoder> {
  const tokenizer = await Tokenizer.load(folder);
  return { name: "hummingbert", encode: (text) => tokenizer.encode(text).ids.length };
}

async function javascriptPeer(): Promise<Encoder | undefined> {
  try {
    const name = "@huggingface/tokenizers";
    const peer = (await import(name)) as { Tokenizer: new (json: unknown, config: unknown) => { encode(text: string): { ids: number[] } } };
    const read = (file: string): unknown => (existsSync(`${folder}/${file}`) ? JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) : {});
    const tokenizer = new peer.Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
    return { name, encode: (text) => tokenizer.encode(text).ids.length };
  } catch (error) {
    console.error(`@huggingface/tokenizers is not here (npm install in this folder): ${(error as Error).message.split("\n")[0]}`);
    return undefined;
  }
}

/** CPU seconds of one pass over a corpus. */
function once(encoder: Encoder, corpus: Corpus): number {
  const before = process.cpuUsage();
  for (const paragraph of corpus.paragraphs) encoder.encode(paragraph);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function rust(all: readonly Corpus[]): Record<string, { seconds: number; tokens: number }> | undefined {
  const input = JSON.stringify({ tokenizer: `${folder}/tokenizer.json`, corpora: all, rounds });
  const script = fileURLToPath(new URL("rust_peer.py", import.meta.url));
  const run = spawnSync(option("python") ?? "python3", [script], { input, encoding: "utf8", maxBuffer: 1 << 26 });
  if (run.status === 0) return JSON.parse(run.stdout);
  console.error(`The Rust library is not here (pip install tokenizers): ${run.error?.message ?? run.stderr.trim().split("\n").at(-1)}`);
  return undefined;
}

const encoders = [await ours(), await javascriptPeer()].filter((encoder) => encoder !== undefined);
const all = corpora();
const best = new Map<string, number>();
for (let round = 0; round < rounds; round++) {
  for (const corpus of all) {
    for (const encoder of encoders) {
      const key = `${encoder.name} ${corpus.name}`;
      best.set(key, Math.min(best.get(key) ?? Number.POSITIVE_INFINITY, once(encoder, corpus)));
    }
  }
}
const native = rust(all);
console.log(`MB/s, CPU time, best of ${rounds}; ${folder.split("/").at(-1)}; Node ${process.version}`);
for (const corpus of all) {
  const speeds = encoders.map(({ name }) => ({ name, speed: corpus.bytes / best.get(`${name} ${corpus.name}`)! / 1e6 }));
  const tokens = encoders.map(({ encode }) => corpus.paragraphs.reduce((sum, paragraph) => sum + encode(paragraph), 0));
  const measured = native?.[corpus.name];
  if (measured !== undefined) {
    speeds.push({ name: "tokenizers (Rust)", speed: corpus.bytes / measured.seconds / 1e6 });
    tokens.push(measured.tokens);
  }
  const own = speeds[0]!.speed;
  console.log(`\n${corpus.name} (${(corpus.bytes / 1e6).toFixed(2)} MB)`);
  speeds.forEach(({ name, speed }, i) => {
    const ratio = i === 0 ? "" : `  ours is ${(own / speed).toFixed(2)}x`;
    console.log(`  ${name.padEnd(26)} ${speed.toFixed(2).padStart(7)} MB/s  ${tokens[i]} tokens${ratio}`);
  });
}
