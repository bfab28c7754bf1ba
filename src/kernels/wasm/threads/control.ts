/**
 * The words that the threads of one model share, at a fixed address of its memory. What is written often has a cache line of its own.
 *
 *   state      64 bits: the phase that is open (upper half; counts on over all passes, so that no value ever comes back) and the next free task of it
 *   remaining  tasks of the open phase that are not finished
 *   signal     counts the openings of phases: what waiting threads look at;   waiters: how many of them sleep
 *   first ...  the program of this pass, written before its first phase opens
 *
 * A program is a list of phases in memory, each { taskCount, address of its tasks }; a task is { address of its first command, address behind its last }.
 */
export const STATE = 0;
export const REMAINING = 64;
export const SIGNAL = 128;
export const WAITERS = 132;
/** `state`'s count of the program's first phase. */
export const FIRST = 192;
export const PHASE_COUNT = 196;
/** Address of the phases. */
export const PHASES = 200;
/** Thread i's own scratch is at localBase + i * localBytes. */
export const LOCAL_BASE = 204;
export const LOCAL_BYTES = 208;
/** Pages of the memory. */
export const PAGES = 212;
export const CONTROL_BYTES = 256;

/** Lower half of `state` between passes: no task has this number, so nothing can be claimed while a program is being written. */
export const CLOSED = 0xffff_ffffn;

export const PHASE_BYTES = 8;
export const TASK_BYTES = 8;
