// A module worker, or a service worker: answers each message on the port that comes with it.
import { SentenceEncoder } from "hummingbert";
import { embed } from "../embed.mjs";

self.addEventListener("install", () => self.skipWaiting?.());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", async ({ data, ports: [port] }) => {
  try {
    const expected = await (await fetch(new URL("./expected.json", self.location.href))).json();
    port.postMessage(await embed(SentenceEncoder, new URL("./model", self.location.href).href, expected, data));
  } catch (error) {
    port.postMessage({ error: String(error?.stack ?? error) });
  }
});
