/**
 * Remote: the caller's end of an object that lives in a worker of its own. Each call is a message and its answer; options that are functions are called here.
 * A call that is aborted is rejected at once and given up over there. A worker that ends rejects what is pending: never a hang.
 */
import { CALLBACKS, checkOptions, throwIfAborted } from "../checks.ts";
import { ConfigError, DisposedError, UnsupportedError } from "../errors.ts";
import { besidePage } from "../files/open.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import { currentLevel, engineInfo } from "../kernels/wasm/features.ts";
import { type Answer, type Callback, type Kind, receiveError } from "./protocol.ts";
import type { ModelWorker } from "./spawn.browser.ts";
import { spawnModelWorker } from "./spawn.ts";

/** The first request. */
const LOAD = 0;

type Options = Readonly<Record<string, unknown>>;

interface Pending {
  readonly options: Options;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Remote {
  readonly #worker: ModelWorker;
  readonly #pending = new Map<number, Pending>();
  #label = "the model";
  #ids = LOAD;
  #isDisposed = false;
  #failure: Error | undefined;

  private constructor() {
    this.#worker = spawnModelWorker({
      onAnswer: (answer) => this.#receive(answer),
      onEnd: (error) => this.#end(error),
    });
  }

  /**
   * Loads an object in a worker and gives what its constructor found out.
   * @throws as loading here would, and ConfigError for devices: they belong to this thread
   */
  static async load<Facts>(
    kind: Kind,
    source: ModelSource | undefined,
    options: LoadOptions & { readonly architecture?: string },
    task?: string,
  ): Promise<{ remote: Remote; facts: Facts }> {
    const { worker: _, ...rest } = options;
    if (typeof rest.device === "object" || rest.devices !== undefined) {
      throw new ConfigError(
        'worker: true runs a model on the built-in devices ("auto", "wasm", "loops", "reference"); a device object cannot be sent to a worker',
      );
    }
    const remote = new Remote();
    const level = engineInfo().simd ? currentLevel() : undefined;
    try {
      const facts = (await remote.#request(rest as Options, (id, sent, callbacks) => ({
        id,
        load: kind,
        ...(task !== undefined && { task }),
        source: besidePage(source), // in the worker a relative path would mean another place
        options: sent,
        level,
        callbacks,
      }))) as Facts;
      remote.#label = (facts as { label?: string }).label ?? remote.#label;
      return { remote, facts };
    } catch (error) {
      remote.#worker.terminate();
      throw error;
    }
  }

  /** Calls a method over there, its options being the last argument. @throws as the method; DisposedError; UnsupportedError when the worker has ended */
  call(method: string, args: readonly unknown[], options: object = {}): Promise<unknown> {
    return this.#request(options as Options, (id, sent, callbacks) => ({ id, method, args, options: sent, callbacks }));
  }

  /** Ends the worker. Calls that are not over are rejected with a DisposedError. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#rejectAll(this.#disposedError());
    this.#worker.terminate();
  }

  async #request(
    options: Options,
    make: (id: number, sent: Options, callbacks: readonly Callback[]) => Parameters<ModelWorker["post"]>[0],
  ): Promise<unknown> {
    checkOptions(options);
    const signal = options.signal as AbortSignal | undefined;
    if (this.#isDisposed) throw this.#disposedError();
    if (this.#failure) throw this.#failure;
    throwIfAborted(signal);
    const id = this.#ids++;
    const callbacks = CALLBACKS.filter((name) => typeof options[name] === "function");
    const sent = Object.fromEntries(
      Object.entries(options).filter(([name, value]) => name !== "signal" && value !== undefined && !callbacks.includes(name as Callback)),
    );
    const onAbort = () => this.#giveUp(id, signal!.reason);
    try {
      return await new Promise((resolve, reject) => {
        this.#worker.post(make(id, sent, callbacks)); // throws for arguments that cannot be sent
        this.#pending.set(id, { options, resolve, reject });
        this.#worker.hold(true);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #receive(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (pending === undefined) return; // aborted
    if ("callback" in answer) {
      try {
        (pending.options[answer.callback] as ((...args: readonly unknown[]) => void) | undefined)?.(...answer.args);
      } catch (error) {
        this.#giveUp(answer.id, error);
      }
      return;
    }
    if ("error" in answer) pending.reject(receiveError(answer.error));
    else pending.resolve(answer.result);
    this.#finish(answer.id);
  }

  /** A load that is given up ends with the worker's answer: by then nothing is left on the disk of what was downloaded over there. */
  #giveUp(id: number, reason: unknown): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#worker.post({ abort: id });
    const end = () => pending.reject(reason);
    if (id === LOAD) {
      this.#pending.set(id, { options: {}, resolve: end, reject: end });
    } else {
      end();
      this.#finish(id);
    }
  }

  #finish(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.hold(false);
  }

  #end(error: unknown): void {
    this.#failure ??= new UnsupportedError(
      `the worker of ${this.#label} has ended (${error instanceof Error ? error.message : String(error)}); load the model again`,
      { cause: error },
    );
    this.#rejectAll(this.#failure);
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #disposedError(): DisposedError {
    return new DisposedError(`${this.#label} was disposed; load the model again to use it`);
  }
}
