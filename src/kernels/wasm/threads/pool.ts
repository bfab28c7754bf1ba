/**
 * The pool: workers shared by all models of this thread, started with the first model that asks and ended with the last one that leaves.
 * A worker that dies takes the pool with it: its models then run on one thread, and a model loaded later starts a new pool.
 */
import { setEngineThreads } from "../features.ts";
import type { PoolWorker } from "./spawn.browser.ts";
import { spawnWorker } from "./spawn.ts";
import { warnOneThread } from "./support.ts";
import { bellWords, type JoinMessage, type Message, MODEL, POSTED, RINGS, workerSource } from "./worker-source.ts";

/** A model's place in the pool. */
export interface Membership {
  /** A worker knows this model, and none has died. */
  readonly isUp: boolean;
  /** Why the pool broke; undefined while it has not. */
  readonly failure: unknown;
  /** Wakes the workers for a pass of this model. */
  ring(): void;
  /** Ends all workers, of all models; resolves when none of them runs. */
  abandon(): Promise<void>;
  leave(): void;
}

class WorkerPool {
  readonly #workers: PoolWorker[] = [];
  readonly #members = new Map<number, JoinMessage>();
  readonly #joined = new Set<number>();
  readonly #bell: Int32Array;
  #failure: unknown;

  constructor() {
    this.#bell = new Int32Array(new SharedArrayBuffer(4 * bellWords));
  }

  join(message: JoinMessage, workers: number): Membership {
    const id = message.join;
    this.#members.set(id, message);
    try {
      while (this.#workers.length < workers) this.#addWorker();
      for (let i = 0; i < workers; i++) this.#post(i, message);
    } catch (error) {
      this.#fail(error);
    }
    const pool = this;
    return {
      get isUp() {
        return pool.#failure === undefined && pool.#joined.has(id);
      },
      get failure() {
        return pool.#failure;
      },
      ring: () => {
        Atomics.store(this.#bell, MODEL, id);
        this.#wake();
      },
      abandon: async () => {
        this.#end(new Error("the pool was ended because a pass failed"));
        await this.#stop();
      },
      leave: () => this.#leave(id),
    };
  }

  #addWorker(): void {
    const thread = this.#workers.length + 1;
    const worker = spawnWorker(workerSource, {
      onJoined: (id) => {
        if (this.#members.has(id)) this.#joined.add(id);
      },
      onFailure: (error) => this.#fail(error),
    });
    this.#workers.push(worker);
    this.#post(thread - 1, { bell: this.#bell, thread });
  }

  #post(i: number, message: Message): void {
    this.#call(i);
    this.#workers[i]!.post(message);
  }

  /** Sends a worker to its event loop, where messages arrive: it counts one more than it has handled. */
  #call(i: number): void {
    Atomics.add(this.#bell, POSTED + i + 1, 1);
    this.#wake();
  }

  #wake(): void {
    Atomics.add(this.#bell, RINGS, 1);
    Atomics.notify(this.#bell, RINGS);
  }

  #leave(id: number): void {
    this.#joined.delete(id);
    if (!this.#members.delete(id) || this.#failure !== undefined) return;
    if (this.#members.size > 0) {
      for (const i of this.#workers.keys()) this.#post(i, { leave: id });
      return;
    }
    if (current === this) current = undefined;
    void this.#stop();
  }

  #fail(error: unknown): void {
    if (this.#failure === undefined) warnOneThread(`a worker failed (${error instanceof Error ? error.message : String(error)})`);
    this.#end(error);
  }

  #end(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    if (current === this) current = undefined;
    setEngineThreads(1);
    void this.#stop();
  }

  /** Called first: Deno ends no worker that sleeps outside of its event loop, and with it would stay the memory of its models. */
  async #stop(): Promise<void> {
    for (const i of this.#workers.keys()) this.#call(i);
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}

let current: WorkerPool | undefined;
let ids = 0;

/** Makes the model known to `threads - 1` workers, which are started if they do not run yet. Never throws: a pool that fails has a `failure`. */
export function joinPool(module: WebAssembly.Module, memory: WebAssembly.Memory, control: number, threads: number): Membership {
  current ??= new WorkerPool();
  return current.join({ join: ++ids, module, memory, control }, threads - 1);
}
