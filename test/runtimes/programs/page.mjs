// In a page: globalThis.embedIn("page" | "slim" | "hub" | "responsive" | "threads" | "module worker" | "service worker", options) gives the result of embed().
import { engineInfo, SentenceEncoder } from "hummingbert";
import { SentenceEncoder as SlimEncoder } from "hummingbert/slim";
import { embed } from "../embed.mjs";

const places = {
  page: async (options) => {
    const result = await embed(SentenceEncoder, "./model", await (await fetch("./expected.json")).json(), options);
    return { ...result, info: engineInfo() };
  },
  slim: async ({ from = "./model", ...options }) => embed(SlimEncoder, from, await (await fetch("./expected.json")).json(), options),
  hub,
  responsive,
  threads,
  "module worker": (options) => answer(new Worker("./worker.js", { type: "module" }), options),
  "service worker": async (options) => {
    await navigator.serviceWorker.register("./service-worker.js", { type: "module" });
    const { active } = await navigator.serviceWorker.ready;
    return answer(active, options);
  },
};

/** A private model from the Hub, which the page finds as programs find it, then once more, for which the Cache API must do: the runner counts requests. */
async function hub({ id, endpoint, token }) {
  globalThis.process = { env: { HF_ENDPOINT: endpoint, HF_TOKEN: token } };
  const expected = await (await fetch("./expected.json")).json();
  await embed(SentenceEncoder, id, expected);
  return embed(SentenceEncoder, id, expected);
}

/**
 * Encodes 200 texts with the real MiniLM and gives the main thread's longest task meanwhile, in ms; the browser reports those of 50 ms and more, 0 = none.
 * The vectors are compared with those of the page's own thread.
 * The best of three, because other programs on the machine only add to it.
 */
async function responsive(options) {
  const encoder = await SentenceEncoder.load("./minilm", options);
  const texts = Array.from(
    { length: 200 },
    (_, i) => `Text ${i} tells of ${i % 7} hummingbirds that hover over the flowers of garden number ${i * 31}.`,
  );
  let vectors;
  let longestTask = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && longestTask >= 50; attempt++) {
    longestTask = await longestTaskDuring(async () => {
      vectors = await encoder.encode(texts);
    });
  }
  const device = encoder.model.device;
  encoder.dispose();
  const here = await SentenceEncoder.load("./minilm");
  const expected = await here.encode(texts);
  const worst = Math.max(...expected.flatMap((row, i) => [...row].map((value, c) => Math.abs(value - vectors[i][c])))); // NaN if any is not there
  return { device, worst, longestTask };
}

/** The real MiniLM on three threads, once its two workers have joined: the largest difference from one thread, which there must not be. */
async function threads() {
  const joined = [];
  const PlainWorker = globalThis.Worker;
  globalThis.Worker = class extends PlainWorker {
    constructor(...given) {
      super(...given);
      joined.push(new Promise((resolve) => this.addEventListener("message", resolve, { once: true })));
    }
  };
  const texts = Array.from({ length: 16 }, (_, i) => `Hummingbird ${i} hovers over a flower. `.repeat(1 + i));
  const encoder = await SentenceEncoder.load("./minilm", { threads: 3 });
  await encoder.encode("a b");
  while (joined.length < 2) await new Promise((resolve) => setTimeout(resolve, 5)); // workers start after the first result
  await Promise.all(joined);
  const vectors = await encoder.encode(texts);
  const info = engineInfo();
  const device = encoder.model.device;
  encoder.dispose();
  const alone = await SentenceEncoder.load("./minilm", { threads: 1 });
  const expected = await alone.encode(texts);
  const worst = Math.max(...expected.flatMap((row, i) => [...row].map((value, c) => Math.abs(value - vectors[i][c]))));
  return { device, worst: worst === 0 ? 0 : 1, info };
}

async function longestTaskDuring(work) {
  const tasks = [0];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: "longtask" });
  await work();
  await new Promise((resolve) => setTimeout(resolve, 100)); // entries come after their task
  observer.disconnect();
  return Math.max(...tasks);
}

/** Asks a worker, and waits for its answer on a channel of its own. */
function answer(worker, options) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    port1.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    worker.postMessage(options, [port2]);
  });
}

globalThis.embedIn = (place, options = {}) => places[place](options);
