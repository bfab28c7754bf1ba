/**
 * What a worker of the pool runs, as text: no file to find under tsx, in a bundle or in a browser. It knows messages and two shared words, nothing of models.
 *
 *   bell: Int32Array [ rings, id of the model that rang, messages posted to worker 1, to worker 2, ... ]
 *
 * A worker sleeps on the bell. It is rung for a pass, which it joins through `run` of that model's instance, and for a message,
 * for which it goes back to its event loop (messages arrive only there) and afterwards sleeps again.
 */
import { MOST_THREADS } from "./support.ts";

export const RINGS = 0;
export const MODEL = 1;
/** Word of worker 1 is POSTED + 1. */
export const POSTED = 1;
export const bellWords = POSTED + 1 + MOST_THREADS;

/** Milliseconds that a worker looks at the bell before it sleeps: between the programs of one pass, and between passes when the last one followed soon. */
const SHORT = 0.02;
const LONG = 0.5;

export interface StartMessage {
  readonly bell: Int32Array;
  /** Its number, from 1 on. */
  readonly thread: number;
}
export interface JoinMessage {
  readonly join: number;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
}
export interface LeaveMessage {
  readonly leave: number;
}
export type Message = StartMessage | JoinMessage | LeaveMessage;
/** A worker's answer to `join`. */
export interface Joined {
  readonly joined: number;
}

export const workerSource = `
"use strict";
const node = typeof process === "object" && process !== null && typeof process.getBuiltinModule === "function"
  ? process.getBuiltinModule("node:worker_threads") : undefined;
const port = node && node.parentPort ? node.parentPort : globalThis;
const models = new Map();
let bell;
let thread = 0;
let handled = 0;
let patience = 0;
function sleep(rings) {
  const start = performance.now();
  while (Atomics.load(bell, ${RINGS}) === rings && performance.now() - start < patience);
  if (Atomics.load(bell, ${RINGS}) === rings) Atomics.wait(bell, ${RINGS}, rings);
  patience = performance.now() - start < ${LONG} ? ${LONG} : ${SHORT};
}
function receive(message) {
  handled++;
  if (message.bell) {
    bell = message.bell;
    thread = message.thread;
  } else if (message.join !== undefined) {
    const instance = new WebAssembly.Instance(message.module, { env: { memory: message.memory } });
    models.set(message.join, { run: instance.exports.run, memory: message.memory, control: message.control });
    port.postMessage({ joined: message.join });
  } else {
    models.delete(message.leave);
  }
  while (Atomics.load(bell, ${POSTED} + thread) === handled) {
    const rings = Atomics.load(bell, ${RINGS});
    const model = models.get(Atomics.load(bell, ${MODEL}));
    while (model && model.run(model.control, thread, -1) === 2) model.memory.grow(0);
    if (Atomics.load(bell, ${POSTED} + thread) === handled) sleep(rings);
  }
}
if (port === globalThis) globalThis.onmessage = (event) => receive(event.data);
else port.on("message", receive);
`;
