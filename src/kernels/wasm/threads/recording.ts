/**
 * Recording: the body of a pass becomes programs for the team. What is recorded is handed over in parts, so that workers compute while the rest is being recorded.
 */
import type { Mat, Rows } from "../../../tensor/mat.ts";
import type { DeferredMemory } from "./memory.ts";
import { Recorder } from "./recorder.ts";
import { Replays } from "./replays.ts";
import type { Team } from "./team.ts";

export class Recording {
  readonly #memory: DeferredMemory;
  readonly #team: Team;
  readonly #recorder: Recorder;
  readonly #replays: Replays;
  #isOn = false;
  /** True while a part is recorded that will be repeated: it must not be handed over in pieces. */
  #isHeld = false;
  /** Multiplications of this pass whose programs are made. */
  #handedOver = 0;
  #wakeFrom = 0;
  /** Word where the phase that is being recorded begins. */
  #phaseFrom = 0;

  /** @param indices table index of each kernel's command */
  constructor(memory: DeferredMemory, team: Team, indices: ReadonlyMap<string, number>) {
    this.#memory = memory;
    this.#team = team;
    this.#recorder = new Recorder(indices);
    this.#replays = new Replays(memory, this.#recorder);
  }

  /** Kernel calls are recorded. */
  get isOn(): boolean {
    return this.#isOn;
  }
  /** Work can be cut into tasks: inside a task there is nothing left to cut. */
  get mayCut(): boolean {
    return this.#isOn && !this.#recorder.inTask;
  }
  /** Multiplications of this pass. */
  get work(): number {
    return this.#recorder.work;
  }

  /** Records a pass and hands all of it over. @param wakeFrom multiplications from which on a program wakes the workers */
  run(body: () => readonly Mat[], wakeFrom: number): readonly Mat[] {
    this.#recorder.clear();
    this.#handedOver = 0;
    this.#wakeFrom = wakeFrom;
    this.#isOn = true;
    this.#memory.isDeferred = true;
    try {
      const results = body();
      this.#handOver();
      return results;
    } finally {
      this.#isOn = false;
      this.#memory.isDeferred = false;
    }
  }

  call(kernel: string, args: readonly number[]): void {
    this.#recorder.call(kernel, args);
  }
  count(multiplications: number): void {
    this.#recorder.count(multiplications);
  }

  /** Tasks of `count` bodies, whose scratch is that of the thread that runs them. */
  phase(count: number, body: (i: number) => void): void {
    const memory = this.#memory;
    this.#phaseFrom = this.#recorder.length;
    memory.inLocal(() => {
      const mark = memory.mark();
      this.#recorder.phase(count, (i) => {
        body(i);
        memory.release(mark);
      });
    });
    if (!this.#isHeld) this.#handOverSoon();
  }
  /** In any body of a phase but the first: the first one's first call again, a product, for other panels. */
  again(first: number, end: number): void {
    this.#recorder.repeat(this.#phaseFrom, first, end);
  }
  /** Blocks of rows of T, each a task. */
  blocks(T: number, count: number, body: (rows: Rows) => void): void {
    this.phase(count, (i) => {
      const first = Math.floor((T * i) / count);
      body({ first, count: Math.floor((T * (i + 1)) / count) - first });
    });
  }

  /** As Backend.repeatable. */
  repeatable(key: string, mats: readonly Mat[], body: () => void): void {
    const held = () => {
      this.#isHeld = true;
      try {
        body();
      } finally {
        this.#isHeld = false;
      }
    };
    this.#replays.run(key, mats, body, held);
    this.#handOverSoon();
  }

  /** What is recorded runs while the rest is being recorded. */
  #handOverSoon(): void {
    if (this.#recorder.work - this.#handedOver >= this.#wakeFrom && !this.#team.isBusy) this.#handOver();
  }
  #handOver(): void {
    this.#team.add(this.#recorder, this.#recorder.work >= this.#wakeFrom);
    this.#recorder.restart();
    this.#handedOver = this.#recorder.work;
  }
}
