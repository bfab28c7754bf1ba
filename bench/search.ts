/**
 * Exact search over a million vectors of 384 dimensions: milliseconds a query and GB/s, beside the speed of copying memory on the same machine.
 *
 *   npx tsx bench/search.ts [--rows 1000000] [--dimensions 384] [--rounds 5]
 *
 *   kernel   the rows lie in the kernel's memory (int8 whole; f32 one block of 100,000 rows scanned again and again, since 1.5 GB may not fit)
 *   library  VectorScan, as semanticSearch and `hummingbert search` use it: rows are copied in, scores compared, candidates summed again
 *
 * The vectors are random, from a seed; results are kept alive through a checksum. CPU time is shown too: on a busy machine it is the fairer number.
 */
import { parseArgs } from "node:util";
import { endWithOutput } from "../src/cli/output-end.ts";
import { enableExperimentalSimd } from "../src/kernels/wasm/experimental.ts";
import { F32, I8, SimilarityScan } from "../src/kernels/wasm/similarity.ts";
import { VectorScan } from "../src/tasks/vector-scan.ts";

endWithOutput("bench/search");

const { values } = parseArgs({
  options: { rows: { type: "string" }, dimensions: { type: "string" }, rounds: { type: "string" } },
});
const N = Number(values.rows ?? 1_000_000);
const C = Number(values.dimensions ?? 384);
const rounds = Number(values.rounds ?? 5);
const F32_ROWS = Math.min(N, 100_000);
const TOP_K = 10;

let checksum = 0;

/** Marsaglia's xorshift32, as bits. */
function* random(seed: number): Generator<number, never> {
  let x = seed;
  for (;;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x;
  }
}

function fillFloats(out: Float32Array): void {
  const bits = random(1);
  for (let i = 0; i < out.length; i++) out[i] = bits.next().value / 2 ** 31 / Math.sqrt(C / 3); // rows of length about 1
}

function fillBytes(out: Int8Array): void {
  const bits = random(2);
  const words = new Int32Array(out.buffer, out.byteOffset, out.length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = bits.next().value;
}

function measure(name: string, bytes: number, body: () => void): void {
  body();
  const samples = Array.from({ length: rounds }, () => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    body();
    const { user, system } = process.cpuUsage(cpu);
    return { wall: performance.now() - start, cpu: (user + system) / 1000 };
  });
  const best = Math.min(...samples.map(({ wall }) => wall));
  const cpu = Math.min(...samples.map((sample) => sample.cpu));
  console.log(
    `${name.padEnd(44)} ${best.toFixed(1).padStart(9)} ms ${cpu.toFixed(1).padStart(9)} ms CPU ${(bytes / best / 1e6).toFixed(1).padStart(7)} GB/s`,
  );
}

/** One memcpy of 256 MB: bytes read plus bytes written, and bytes read alone, which is what a scan does. */
function measureCopy(): void {
  const from = new Uint8Array(256e6).fill(1);
  const to = new Uint8Array(256e6);
  measure("memory copy, 256 MB (bytes read)", 256e6, () => {
    to.set(from);
    checksum += to[12345]!;
  });
}

function measureKernel(name: string, element: typeof F32, held: number, fill: (rows: never) => void): void {
  const scan = new SimilarityScan(element, C, held);
  fill(scan.rows as never);
  const query = scan.rows.slice(5 * C, 6 * C);
  const turns = Math.ceil(N / held);
  const bytes = turns * held * C * element.View.BYTES_PER_ELEMENT;
  measure(`kernel ${name}, ${((turns * held) / 1e6).toFixed(1)} M rows, 1 query`, bytes, () => {
    for (let turn = 0; turn < turns; turn++) checksum += scan.scores(query, held)[held - 1]!;
  });
}

function measureLibrary(wasm: boolean, queries: number, score: "cosine" | "dot", rows: number): void {
  const corpus = new Float32Array(F32_ROWS * C);
  fillFloats(corpus);
  const sought = Array.from({ length: queries }, (_, q) => corpus.slice(q * 7 * C, (q * 7 + 1) * C));
  measure(`library, ${wasm ? "wasm" : "loops"}, ${score}, ${(rows / 1e6).toFixed(1)} M rows, ${queries} queries`, rows * C * 4, () => {
    const scan = new VectorScan(sought, C, { topK: TOP_K, score, wasm });
    for (let first = 0; first < rows; first += scan.blockRows) {
      const count = Math.min(scan.blockRows, rows - first);
      const at = first % (F32_ROWS - count + 1);
      scan.rows.set(corpus.subarray(at * C, (at + count) * C));
      scan.compare(count);
    }
    checksum += scan.hits()[0]![0]!.score;
  });
}

const { kernels } = enableExperimentalSimd();
console.log(`${process.version}, ${kernels}; ${N} rows of ${C}; best of ${rounds}`);
measureCopy();
measureKernel("f32", F32, F32_ROWS, fillFloats as never);
measureKernel("i8", I8, N, fillBytes as never);
measureLibrary(true, 1, "dot", N);
measureLibrary(true, 1, "cosine", N);
measureLibrary(true, 32, "dot", N / 10);
measureLibrary(false, 1, "dot", N / 10);
console.log(`checksum ${checksum.toExponential(6)}`);
