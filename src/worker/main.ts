/**
 * The worker's end: holds one object (a model, an encoder, a pipeline), runs the calls that come for it and hands over the arrays of their results.
 * Nobody imports this file; spawn.ts starts it. It uses the library like any program does.
 */
import { assumeLevel, engineInfo } from "../kernels/wasm/features.ts";
import { loadModel } from "../models/load-model.ts";
import type { Model } from "../models/types.ts";
import { CrossEncoder } from "../tasks/cross-encoder.ts";
import { pipeline, type Tasks } from "../tasks/pipeline.ts";
import { SentenceEncoder } from "../tasks/sentence-encoder.ts";
import type { ModelFacts } from "./model.ts";
import { type Answer, buffersOf, type Callback, type CallRequest, type LoadRequest, type Request, sendError } from "./protocol.ts";
import type { CrossEncoderFacts, SentenceFacts } from "./tasks.ts";

interface Port {
  postMessage(answer: Answer, transfer?: ArrayBuffer[]): void;
}
type Method = (...args: unknown[]) => unknown;

/** The object, and what its caller is told of it. */
interface Held {
  readonly methods: Readonly<Record<string, Method>>;
  readonly facts: object;
}

const port = openPort();
const aborts = new Map<number, AbortController>();
let held: Held | undefined;

function openPort(): Port {
  const isNode = typeof process === "object" && process !== null && typeof process.getBuiltinModule === "function";
  const parent = isNode ? process.getBuiltinModule("node:worker_threads").parentPort : null;
  if (parent) {
    parent.on("message", receive);
    return parent;
  }
  globalThis.onmessage = ({ data }: MessageEvent<Request>) => receive(data);
  return globalThis as unknown as Port;
}

function receive(request: Request): void {
  if ("abort" in request) aborts.get(request.abort)?.abort();
  else void answer(request);
}

async function answer(request: LoadRequest | CallRequest): Promise<void> {
  const { id } = request;
  const abort = new AbortController();
  aborts.set(id, abort);
  try {
    const options = { ...request.options, ...callbacksOf(id, request.callbacks), signal: abort.signal };
    const result = "load" in request ? await load(request, options) : await held!.methods[request.method]!(...request.args, options);
    port.postMessage({ id, result }, [...buffersOf(result)]);
  } catch (error) {
    port.postMessage({ id, error: sendError(error) });
  } finally {
    aborts.delete(id);
  }
}

function callbacksOf(id: number, names: readonly Callback[]): Record<string, Method> {
  return Object.fromEntries(names.map((callback) => [callback, (...args: unknown[]) => port.postMessage({ id, callback, args })]));
}

async function load(request: LoadRequest, options: object): Promise<object> {
  // V8's flags are the process's: what the caller has found that they are good for, by a race that a busy moment may decide otherwise, holds here, too.
  if (request.level && engineInfo().simd) assumeLevel(request.level);
  held = await open(request, options);
  return held.facts;
}

async function open({ load, task, source }: LoadRequest, options: object): Promise<Held> {
  const label = typeof source === "string" ? source : "the model";
  if (load === "Model") {
    const model = await loadModel(source, options);
    const forward = model.forward.bind(model) as Method;
    return { methods: { forward }, facts: factsOf(model, label) };
  }
  if (load === "SentenceEncoder") {
    const encoder = await SentenceEncoder.load(source, options);
    const { dimension, maxSeqLength, model } = encoder;
    const facts: SentenceFacts = { label, dimension, maxSeqLength, model: factsOf(model, label) };
    const methods = { encode: encoder.encode.bind(encoder) as Method, forward: model.forward.bind(model) as Method };
    return { methods, facts };
  }
  if (load === "CrossEncoder") {
    const encoder = await CrossEncoder.load(source, options);
    const facts: CrossEncoderFacts = { label, config: encoder.config };
    return { methods: { predict: encoder.predict.bind(encoder) as Method }, facts };
  }
  const run = await pipeline(task as keyof Tasks, source, options);
  return { methods: { "": run as Method }, facts: { label } };
}

function factsOf({ architecture, config, device, deviceReason, dtype, unusedTensors }: Model, label: string): ModelFacts {
  return { architecture, config, device, deviceReason, dtype, unusedTensors, label };
}
