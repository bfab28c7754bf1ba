// node threads.mjs MODEL: models with threads, disposed, leave none behind (as Linux counts them). Prints one line of JSON.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SentenceEncoder } from "hummingbert";

const ROUNDS = 6;
const WORKERS = 2;
const count = () => readdirSync("/proc/self/task").length;

async function round() {
  const encoder = await SentenceEncoder.load(process.argv[2], { threads: 1 + WORKERS });
  let before = count();
  await encoder.encode("a b");
  const haveCome = () => {
    before = Math.min(before, count()); // threads of the runtime's own end meanwhile
    return count() >= before + WORKERS;
  };
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
