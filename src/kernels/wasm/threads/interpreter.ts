/**
 * run(control, thread, patience): takes part in the program of a pass until it is over. Gives 1 then, 0 when `patience` is spent,
 * 2 when the memory has grown and this thread's instance does not know yet (memory.grow(0) tells it).
 *
 * Tasks are claimed one by one with compare-and-exchange on `state` (control.ts): a thread on a busy core claims fewer, one that comes late or sleeps holds
 * nobody up, and no thread is needed but those in the middle of a task. Whoever finishes a phase's last task opens the next: that is the barrier.
 * `state` never repeats a value, so a thread that slept through the end of a pass cannot claim a task of the next one by mistake.
 *
 * Who finds nothing to claim looks at `signal` for longer than most barriers last, and then sleeps on it.
 */

import * as atomic from "../emitter/atomic.ts";
import type { Local } from "../emitter/call.ts";
import type { FunctionBuilder } from "../emitter/function.ts";
import * as i32 from "../emitter/i32.ts";
import * as i64 from "../emitter/i64.ts";
import type { ModuleBuilder } from "../emitter/module.ts";
import { callIndirect } from "../emitter/table.ts";
import { defineCommands } from "./commands.ts";
import {
  CLOSED,
  FIRST,
  LOCAL_BASE,
  LOCAL_BYTES,
  PAGES,
  PHASE_BYTES,
  PHASE_COUNT,
  PHASES,
  REMAINING,
  SIGNAL,
  STATE,
  TASK_BYTES,
  WAITERS,
} from "./control.ts";

/**
 * Looks before sleeping: about 160 us, a task of 64 rows and an interruption, for falling asleep and being woken costs both sides tens of microseconds, and who
 * wakes late lets the other one wait at the next barrier. (T = 64 in f32, two threads against one: 1.85 with 240,000, 1.81 with 60,000, 1.76 with 16,000.)
 * Where another process has the core, the ledger sees to it that nobody spins for long.
 */
const SPINS = 240_000;

/** On shared memory only; defined after all kernels. patience: milliseconds to sleep in all, 0 = never sleep, below 0 = for ever. */
export function defineInterpreter(module: ModuleBuilder): void {
  defineCommands(module);
  const signature = module.signature(["i32", "i32"]);
  const runTask = module.internal("run task", { i32: 2 }, (f, task, base) => {
    const at = f.i32(i32.load(task));
    const end = f.i32(i32.load(task, 4));
    f.while(
      () => i32.lt_u(at, end),
      () => {
        callIndirect(f, signature, i32.load(at), i32.add(at, 8), base);
        at.add(i32.load(at, 4));
      },
    );
  });

  const openNext = module.internal("open next phase", { i32: 2, i64: 1 }, (f, control, row, opened) => {
    const tasks = f.i32(i32.load(row, PHASE_BYTES)); // behind the last phase there is a row of zeros
    f.if(i32.eqz(tasks), () => opened.set(i64.or(opened, CLOSED)));
    f.drop(atomic.xchg(control, tasks, REMAINING));
    f.drop(atomic.xchg64(control, opened, STATE));
    f.drop(atomic.add(control, 1, SIGNAL));
    f.if(atomic.load(control, WAITERS), () => f.drop(atomic.notify(control, -1, SIGNAL)));
  });

  module.function(
    "run",
    { i32: 3 },
    (f, control, thread, patience) => {
      f.loop((again) => {
        const seen = f.i32(atomic.load(control, SIGNAL));
        const state = f.local("i64", atomic.load64(control, STATE));
        const phase = f.i32(i32.sub(i32.wrap_i64(i64.shr_u(state, 32n)), i32.load(control, FIRST)));
        f.if(i32.ge_u(phase, i32.load(control, PHASE_COUNT)), () => f.return(i32.const(1)));
        const row = f.i32(i32.add(i32.load(control, PHASES), i32.mul(phase, PHASE_BYTES)));
        const next = f.i32(i32.wrap_i64(state));
        f.if(i32.lt_u(i32.memory_size(), i32.load(control, PAGES)), () => f.return(i32.const(2)));
        f.if(i32.lt_u(next, i32.load(row)), () => {
          const claimed = atomic.cmpxchg64(control, state, i64.add(state, 1n), STATE);
          f.if(i64.eq(claimed, state), () => {
            // Only now does this thread know that the words are this pass's.
            const base = i32.add(i32.load(control, LOCAL_BASE), i32.mul(thread, i32.load(control, LOCAL_BYTES)));
            f.call(runTask, i32.add(i32.load(row, 4), i32.mul(next, TASK_BYTES)), base);
            f.if(i32.eq(atomic.sub(control, 1, REMAINING), 1), () => {
              f.call(openNext, control, row, i64.shl(i64.add(i64.shr_u(state, 32n), 1n), 32n));
            });
          });
          f.br(again);
        });
        emitSpin(f, control, seen, again);
        f.if(i32.eqz(patience), () => f.return(i32.const(0)));
        f.drop(atomic.add(control, 1, WAITERS));
        const timeout = i64.mul(i64.extend_i32_s(patience), 1_000_000n); // ns; negative: for ever
        const outcome = f.i32(atomic.wait32(control, seen, timeout, SIGNAL));
        f.drop(atomic.sub(control, 1, WAITERS));
        f.if(i32.eq(outcome, 2), () => f.return(i32.const(0)));
        f.br(again);
      });
      f.return(i32.const(0)); // not reached
    },
    "i32",
  );
}

function emitSpin(f: FunctionBuilder, control: Local<"i32">, seen: Local<"i32">, again: Parameters<FunctionBuilder["br"]>[0]): void {
  const left = f.i32(SPINS);
  f.loop((spin) => {
    f.brIf(again, i32.ne(atomic.load(control, SIGNAL), seen));
    left.set(i32.sub(left, 1));
    f.brIf(spin, left);
  });
}
