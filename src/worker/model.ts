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
  readonly architecture: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly device: string;
  readonly deviceReason: string | undefined;
  readonly dtype: "f32" | "w8";
  readonly unusedTensors: readonly string[];
  readonly #remote: Remote;

  constructor(remote: Remote, { architecture, config, device, deviceReason, dtype, unusedTensors }: ModelFacts) {
    this.#remote = remote;
    this.architecture = architecture;
    this.config = config;
    this.device = device;
    this.deviceReason = deviceReason;
    this.dtype = dtype;
    this.unusedTensors = unusedTensors;
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
