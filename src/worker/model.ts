/** loadModel with worker: true: the same Model, whose forward runs in a worker. */
import type { LoadOptions, ModelSource } from "../files/types.ts";
import type { ForwardOptions, Model, ModelInput, ModelOutput } from "../models/types.ts";
import { makeUsable } from "../models/using.ts";
import { Remote } from "./remote.ts";

export interface ModelFacts extends Omit<Model, "forward" | "dispose" | typeof Symbol.dispose> {
  readonly label: string;
}

export class RemoteModel implements Model {
  declare [Symbol.dispose]: () => void;
  declare readonly architecture: string;
  declare readonly config: Readonly<Record<string, unknown>>;
  declare readonly device: string;
  declare readonly deviceReason: string | undefined;
  declare readonly dtype: "f32" | "w8";
  declare readonly unusedTensors: readonly string[];
  readonly #remote: Remote;

  constructor(remote: Remote, { label: _, ...facts }: ModelFacts) {
    this.#remote = remote;
    Object.assign(this, facts);
  }

  async forward(batch: readonly ModelInput[], options: ForwardOptions = {}): Promise<ModelOutput> {
    const inputs = Array.isArray(batch) ? batch.map(withoutRest) : batch;
    return (await this.#remote.call("forward", [inputs], options)) as ModelOutput;
  }
  dispose(): void {
    this.#remote.dispose();
  }
}

/** An Encoding has much more than a model reads; what is no input at all goes over for its error. */
function withoutRest(input: ModelInput): ModelInput {
  if (typeof input !== "object" || input === null) return input;
  const { ids, typeIds } = input;
  return typeIds === undefined ? { ids } : { ids, typeIds };
}

export async function loadRemoteModel(
  source: ModelSource | undefined,
  options: LoadOptions & { readonly architecture?: string },
): Promise<Model> {
  const { remote, facts } = await Remote.load<ModelFacts>("Model", source, options);
  return new RemoteModel(remote, facts);
}

makeUsable(RemoteModel);
