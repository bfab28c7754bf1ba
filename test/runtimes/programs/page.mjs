// In a page: globalThis.embedIn("page" | "module worker" | "service worker", options) gives the result of embed().
import { engineInfo, SentenceEncoder } from "hummingbert";
import { SentenceEncoder as SlimEncoder } from "hummingbert/slim";
import { embed } from "../embed.mjs";

const places = {
  page: async (options) => {
    const result = await embed(SentenceEncoder, "./model", await (await fetch("./expected.json")).json(), options);
    return { ...result, info: engineInfo() };
  },
  slim: async (options) => embed(SlimEncoder, "./model", await (await fetch("./expected.json")).json(), options),
  "module worker": (options) => answer(new Worker("./worker.js", { type: "module" }), options),
  "service worker": async (options) => {
    await navigator.serviceWorker.register("./service-worker.js", { type: "module" });
    const { active } = await navigator.serviceWorker.ready;
    return answer(active, options);
  },
};

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
