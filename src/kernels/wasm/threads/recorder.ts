/**
 * Recorder: turns the calls of a pass into a program (control.ts) of phases of tasks.
 *
 * Calls outside of `task` run one after another in a phase of one task; `phase` makes the tasks inside it claimable by any thread in any order.
 * Between two phases all threads meet: only there may a task read what another one wrote. Neighbouring phases of one task become one.
 */
import { resized } from "../../../numbers/resized.ts";
import { COMMAND_HEAD } from "./commands.ts";

/** Begin and end of a task, in words of the program. */
interface Task {
  readonly start: number;
  end: number;
}

/** Whole phases of a program, places counted from their own begin. */
export interface Part {
  readonly words: Float64Array;
  readonly phases: readonly (readonly Task[])[];
  readonly work: number;
}

export class Recorder {
  readonly #indices: ReadonlyMap<string, number>;
  #words = new Float64Array(4096);
  #heads = new Int32Array(this.#words.buffer);
  #length = 0;
  #phases: (readonly Task[])[] = [];
  /** Where the next call goes: a task, or undefined for the phase of one task that is last. */
  #task: Task | undefined;
  #work = 0;
  /** Phases that take no more calls. */
  #closed = 0;

  constructor(indices: ReadonlyMap<string, number>) {
    this.#indices = indices;
  }

  /** Multiplications counted so far. */
  get work(): number {
    return this.#work;
  }
  get inTask(): boolean {
    return this.#task !== undefined;
  }
  /** [tasks of the phase: begin and end in words] in order. */
  get phases(): readonly (readonly Readonly<Task>[])[] {
    return this.#phases;
  }
  /** Words recorded: where the next call will be. */
  get length(): number {
    return this.#length;
  }
  /** The commands. */
  get words(): Float64Array {
    return this.#words.subarray(0, this.#length);
  }

  /** A new pass. */
  clear(): void {
    this.restart();
    this.#task = undefined;
    this.#work = 0;
  }
  /** A new program of the same pass. */
  restart(): void {
    this.#length = 0;
    this.#phases = [];
    this.#closed = 0;
  }

  count(multiplications: number): void {
    this.#work += multiplications;
  }

  call(kernel: string, args: readonly number[]): void {
    const index = this.#indices.get(kernel);
    if (index === undefined) throw new Error(`threads: there is no kernel "${kernel}"`);
    const task = this.#task ?? this.#serialTask();
    const size = COMMAND_HEAD + args.length;
    if (this.#length + size > this.#words.length) this.#grow();
    this.#heads[2 * this.#length] = index;
    this.#heads[2 * this.#length + 1] = 8 * size;
    const at = this.#length + COMMAND_HEAD;
    for (let i = 0; i < args.length; i++) this.#words[at + i] = args[i]!; // `set` of a short list takes five times as long
    this.#length += size;
    task.end = this.#length;
  }

  /**
   * The call recorded at word `from` once more, with other values for two arguments, the second and third from the end: the panels [first, end) of a product.
   * Layer code that makes the call anew takes ten times as long.
   */
  repeat(from: number, first: number, end: number): void {
    const task = this.#task ?? this.#serialTask();
    const size = this.#heads[2 * from + 1]! / 8;
    if (this.#length + size > this.#words.length) this.#grow();
    this.#words.copyWithin(this.#length, from, from + size);
    this.#length += size;
    this.#words[this.#length - 3] = first;
    this.#words[this.#length - 2] = end;
    task.end = this.#length;
  }

  /** Tasks of `count` bodies: they may run at the same time and in any order. */
  phase(count: number, body: (i: number) => void): void {
    if (this.#task) throw new Error("threads: a phase inside a task");
    const tasks: Task[] = [];
    try {
      for (let i = 0; i < count; i++) {
        const task: Task = { start: this.#length, end: this.#length };
        this.#task = task;
        body(i);
        if (task.end > task.start) tasks.push(task);
      }
    } finally {
      this.#task = undefined;
    }
    const last = this.#open();
    if (tasks.length === 1 && last?.length === 1) last[0]!.end = tasks[0]!.end;
    else if (tasks.length > 0) this.#phases.push(tasks);
  }

  /** What `body` records, as a part that can be appended to other programs. */
  part(body: () => void): Part {
    this.#closed = this.#phases.length;
    const [from, phase, work] = [this.#length, this.#phases.length, this.#work];
    body();
    const phases = this.#phases.slice(phase).map((tasks) => tasks.map(({ start, end }) => ({ start: start - from, end: end - from })));
    return { words: this.#words.slice(from, this.#length), phases, work: this.#work - work };
  }

  append({ words, phases, work }: Part): void {
    const from = this.#length;
    while (from + words.length > this.#words.length) this.#grow();
    this.#words.set(words, from);
    this.#length += words.length;
    const moved = (tasks: readonly Task[]) => tasks.map(({ start, end }) => ({ start: from + start, end: from + end }));
    for (const tasks of phases) this.#phases.push(from === 0 ? tasks : moved(tasks));
    this.#closed = this.#phases.length;
    this.#work += work;
  }

  /** The phase that neighbours of one task may join. */
  #open(): readonly Task[] | undefined {
    return this.#phases.length > this.#closed ? this.#phases.at(-1) : undefined;
  }

  /** The last phase if it has one task, else a new one. */
  #serialTask(): Task {
    const last = this.#open();
    if (last?.length === 1) return last[0]!;
    const task: Task = { start: this.#length, end: this.#length };
    this.#phases.push([task]);
    return task;
  }

  #grow(): void {
    this.#words = resized(this.#words, 2 * this.#words.length);
    this.#heads = new Int32Array(this.#words.buffer);
  }
}
