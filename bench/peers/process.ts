/** An engine's process as the benchmark sees it: lines of JSON both ways, for worker.ts in any Node and for engines/pytorch.py alike. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { EngineOptions } from "./engine.ts";
import { ENGINES } from "./engines/index.ts";
import type { Reply, Request } from "./worker.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface Programs {
  readonly node: string;
  readonly python: string;
}

export class EngineProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, options: EngineOptions, { node, python }: Programs) {
    this.name = name;
    const json = JSON.stringify(options);
    const [program, args] =
      ENGINES[name]!.create === undefined
        ? [python, [here("./engines/pytorch.py"), json]]
        : [node, ["--import", "tsx", here("./worker.ts"), name, json]];
    this.#child = spawn(program, args, { cwd: here("."), stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next object the engine writes. Lines that are none (a library's chatter) are passed over. */
  async #next<T>(): Promise<T> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.name} ended early (its last words are above)`);
      if (value.startsWith("{")) return JSON.parse(value) as T;
    }
  }
  async started(): Promise<this> {
    await this.#next();
    return this;
  }
  measure(request: Request): Promise<Reply> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    return this.#next();
  }
  end(): void {
    this.#child.kill();
  }
}
