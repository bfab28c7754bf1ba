/**
 * One turn of the event loop: timers, sockets and clicks run before the promise resolves (a microtask would starve them).
 * setImmediate where there is one (Node, Bun, Deno); a message to ourselves elsewhere, because setTimeout(0) is clamped to 4 ms in browsers.
 */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  if (typeof MessageChannel !== "function") return new Promise((resolve) => setTimeout(resolve, 0));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
