/** pipeline, SentenceEncoder and CrossEncoder with worker: true: what each needs on the caller's side. */
import type { LoadOptions, ModelSource } from "../files/types.ts";
import { type ModelFacts, RemoteModel } from "./model.ts";
import { Remote } from "./remote.ts";

/** The callable object of a pipeline. Its options, where a call has any, are the last argument, an object that is no list. */
export async function loadRemotePipeline(
  task: string,
  source: ModelSource | undefined,
  options: LoadOptions,
): Promise<((...args: unknown[]) => Promise<unknown>) & { dispose(): void }> {
  const { remote } = await Remote.load<{ label: string }>("pipeline", source, options, task);
  const call = (...given: unknown[]) => {
    const args = given.length > 1 && given.at(-1) === undefined ? given.slice(0, -1) : given;
    // The first argument is always an input, which may be an object itself.
    const last = args.length > 1 ? args.at(-1) : undefined;
    const isOptions = typeof last === "object" && last !== null && !Array.isArray(last);
    return remote.call("", isOptions ? args.slice(0, -1) : args, isOptions ? last : {});
  };
  return Object.assign(call, { dispose: () => remote.dispose() });
}

export interface SentenceFacts {
  readonly label: string;
  readonly dimension: number;
  readonly maxSeqLength: number;
  readonly model: ModelFacts;
}

/** What the caller's SentenceEncoder needs of the worker's. */
export interface RemoteSentences {
  readonly dimension: number;
  readonly maxSeqLength: number;
  readonly model: RemoteModel;
  encode(texts: readonly string[], options: object): Promise<Float32Array[]>;
}

export async function loadRemoteSentences(source: ModelSource | undefined, options: LoadOptions): Promise<RemoteSentences> {
  const { remote, facts } = await Remote.load<SentenceFacts>("SentenceEncoder", source, options);
  return {
    dimension: facts.dimension,
    maxSeqLength: facts.maxSeqLength,
    model: new RemoteModel(remote, facts.model),
    encode: async (texts, call) => (await remote.call("encode", [texts], call)) as Float32Array[],
  };
}

export interface CrossEncoderFacts {
  readonly label: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** What the caller's CrossEncoder needs of the worker's. */
export interface RemoteScores {
  readonly label: string;
  readonly config: Readonly<Record<string, unknown>>;
  dispose(): void;
  predict(pairs: readonly (readonly [string, string])[], options: object): Promise<number[] | number[][]>;
}

export async function loadRemoteCrossEncoder(source: ModelSource | undefined, options: LoadOptions): Promise<RemoteScores> {
  const { remote, facts } = await Remote.load<CrossEncoderFacts>("CrossEncoder", source, options);
  return {
    ...facts,
    dispose: () => remote.dispose(),
    predict: async (pairs, call) => (await remote.call("predict", [pairs], call)) as number[] | number[][],
  };
}
