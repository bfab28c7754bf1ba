/**
 * ThreadedBackend: WasmBackend on all cores. The body of a pass is recorded instead of run (recording.ts), then a team of threads runs the program (team.ts).
 *
 *   a stretch        blocks of rows, each a task with scratch of its own     attention     tasks of sequences and heads
 *   few rows         linear layers cut by columns, the rest on one thread    everything else runs on one thread
 *
 * A layer of an encoder so has two phases: attention, and the stretch to the next one. The cuts never change a bit, nor does who runs a task.
 * Until the pool's workers are up, and after one has died, passes run unrecorded on this thread.
 */
import type { Activation } from "../../../tensor/activations.ts";
import type { AttentionOptions } from "../../../tensor/attention.ts";
import type { Norm } from "../../../tensor/backend.ts";
import type { Mat, Rows } from "../../../tensor/mat.ts";
import type { Sequences } from "../../../tensor/sequences.ts";
import type { Linear, Table, WeightMatrix } from "../../../tensor/weights.ts";
import { SHARED_KERNELS } from "../all-kernels.ts";
import { WasmBackend } from "../backend.ts";
import type { Operand } from "../core-backend.ts";
import { setEngineThreads } from "../features.ts";
import { instantiateKernels, kernelModule } from "../kernel-set.ts";
import type { FeatureLevel } from "../level.ts";
import type { PackedLinear } from "../pack.ts";
import { panelColumns } from "../panels.ts";
import type { StagedRows } from "../stage.ts";
import { commandIndices } from "./commands.ts";
import { Ledger } from "./ledger.ts";
import { DeferredMemory } from "./memory.ts";
import { Recording } from "./recording.ts";
import { blocksOf, Cuts } from "./schedule.ts";
import { SmallTable } from "./small-table.ts";
import { Team } from "./team.ts";

/** Multiplications of a pass that ends before a sleeping worker would have joined it (about 20 us). */
const SMALL_PASS = 2_000_000;

/** Elements of a norm that takes about three microseconds. */
const LONG_OP = 8192;

/** Threads of the backends that are not disposed of. (Numbers, so that one that is dropped can be collected.) */
const inUse: number[] = [];

export class ThreadedBackend extends WasmBackend {
  readonly #team: Team;
  readonly #recording: Recording;
  readonly #cuts: Cuts;
  readonly #tables: SmallTable[] = [];
  #isDisposed = false;
  /** Multiplications from which on a pass wakes the workers, and is handed over in parts while it is recorded. (Tests set 0.) */
  wakeFrom = SMALL_PASS;
  /** (Tests set one that never pauses.) */
  ledger = new Ledger();
  #running: Promise<void> | undefined;

  /** @param memory a shared memory (support.ts) */
  constructor(level: FeatureLevel, memory: WebAssembly.Memory, threads: number) {
    super(level, SHARED_KERNELS, new DeferredMemory(memory));
    const module = kernelModule(SHARED_KERNELS, level);
    this.#cuts = new Cuts(threads);
    const { run } = instantiateKernels(module, memory);
    this.#team = new Team(threads, this.live(), module, run as (control: number, thread: number, patience: number) => number);
    this.#recording = new Recording(this.live(), this.#team, commandIndices(module));
    setEngineThreads(threads);
    inUse.push(threads);
  }

  get threads(): number {
    return this.#team.threads;
  }
  /** False while passes run on one thread. */
  get isUp(): boolean {
    return this.#team.isUp;
  }
  /** Starts the workers now instead of after the first pass. */
  start(): void {
    try {
      for (const table of this.#tables.splice(0)) table.moveTo(this.live());
    } catch {
      // memory was refused: passes go on staging the table's rows
    }
    this.#team.start();
  }

  protected override live(): DeferredMemory {
    return super.live() as DeferredMemory;
  }

  override async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    while (this.#running) await this.#running.catch(() => undefined); // another pass that waits for a worker
    if (!this.#team.isUp) {
      this.#startSoon();
      return super.pass(body);
    }
    if (!this.ledger.begin()) return super.pass(body);
    const memory = this.live();
    let results: readonly Mat[] = [];
    try {
      try {
        results = this.#recording.run(body, this.wakeFrom);
      } finally {
        this.#running = this.#team.join(); // what runs already ends even if the body has failed
        if (this.#running) await this.#running;
      }
      if (this.#recording.work >= this.wakeFrom) this.ledger.end();
      return this.copies(results);
    } finally {
      this.#running = undefined;
      memory.reset();
    }
  }

  override dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    inUse.splice(inUse.lastIndexOf(this.threads), 1);
    setEngineThreads(inUse.at(-1) ?? 1);
    this.#team.leave();
    super.dispose();
  }

  override table(weight: WeightMatrix): Table {
    if (!SmallTable.fits(weight)) return super.table(weight);
    const table = new SmallTable(super.table(weight) as WeightMatrix);
    this.#tables.push(table);
    return table;
  }
  protected override stageRows(table: WeightMatrix, indices: Int32Array): StagedRows {
    return (table instanceof SmallTable && table.stage(this.live(), indices)) || super.stageRows(table, indices);
  }

  override repeatable(key: string, mats: readonly Mat[], body: () => void): void {
    if (this.#recording.mayCut) this.#recording.repeatable(key, mats, body);
    else body();
  }

  /** After this pass: starting workers takes this thread a millisecond, which the first result does not wait for and a process that is done does not spend. */
  #startSoon(): void {
    const timer = setTimeout(() => {
      if (!this.#isDisposed) this.start();
    }, 0) as unknown as { unref?: () => void };
    timer.unref?.();
  }

  protected override call(kernel: string, ...args: number[]): void {
    if (this.#recording.isOn) this.#recording.call(kernel, args);
    else super.call(kernel, ...args);
  }

  override stretch(T: number, body: (rows: Rows) => void): void {
    const blocks = this.#recording.mayCut ? blocksOf(T, this.threads) : 1;
    if (blocks === 1) super.stretch(T, body);
    else this.#recording.blocks(T, blocks, body);
  }

  protected override computeProject(out: Mat, x: Mat, linear: Linear): void {
    this.#project(out, x, linear as PackedLinear);
  }
  protected override computeProjectActivate(out: Mat, x: Mat, linear: Linear, activation: Activation): void {
    this.#project(out, x, linear as PackedLinear, activation);
  }
  /** Outside of a stretch's blocks there are few rows: each task computes some panels of columns of all of them, and their activation. */
  #project(out: Mat, x: Mat, linear: PackedLinear, activation?: Activation): void {
    const multiplications = x.rows * linear.N * linear.K;
    if (this.#recording.isOn) this.#recording.count(multiplications);
    if (!this.#recording.mayCut) {
      super.computeProject(out, x, linear);
      if (activation) this.computeActivate(out, out, activation);
      return;
    }
    this.frame(() => {
      const operand = this.operand(x, linear);
      const panels = Math.ceil(linear.N / panelColumns);
      const tasks = this.#cuts.panels(panels, multiplications);
      this.#recording.phase(tasks.length, (i) => {
        const { first, end } = tasks[i]!;
        if (i > 0) this.#recording.again(first, end);
        else this.projectPanels(out, operand, linear, first, end);
        if (!activation) return;
        const column = first * panelColumns;
        const part = out.columns(column, Math.min(end * panelColumns, linear.N) - column);
        this.computeActivate(part, part, activation);
      });
    });
  }
  protected override quantize(q: Operand, x: Mat, limit: number): void {
    this.#byRows(x, (rows) => {
      const at = { at: q.at + 2 * q.stride * rows.first, stride: q.stride, rowScale: q.rowScale + 4 * rows.first };
      super.quantize(at, x.slice(rows), limit);
    });
  }

  protected override computeLayerNorm(out: Mat, x: Mat, norm: Norm): void {
    this.#byRows(out, (rows) => super.computeLayerNorm(out.slice(rows), x.slice(rows), norm));
  }
  protected override computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    this.#byRows(out, (rows) => super.computeAddLayerNorm(out.slice(rows), a.slice(rows), b.slice(rows), norm));
  }
  /** A row-local op that takes longer than the barrier after it: shared, where the others would only wait. */
  #byRows({ rows, cols }: Mat, body: (rows: Rows) => void): void {
    const tasks = this.#recording.mayCut && rows * cols >= LONG_OP ? Math.min(this.threads, rows) : 1;
    if (tasks === 1) {
      body({ first: 0, count: rows });
      return;
    }
    this.#recording.blocks(rows, tasks, body);
  }

  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    if (!this.#recording.mayCut) {
      super.computeAttention(out, q, k, v, sequences, options);
      return;
    }
    const { heads } = options;
    const D = q.cols / heads;
    const tasks = this.#cuts.attention(sequences, heads, D);
    for (let b = 0; b < sequences.B; b++) this.#recording.count(2 * heads * D * sequences.lengthOf(b) ** 2);
    this.#recording.phase(tasks.length, (i) => {
      for (const part of tasks[i]!) this.attend(out, q, k, v, sequences, options, part);
    });
  }
}
