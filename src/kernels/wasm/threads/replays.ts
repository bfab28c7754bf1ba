/**
 * Replays: parts of passes that make the same calls every time (Backend.repeatable) are recorded once and copied from then on. Recording the layers of MiniLM takes
 * the calling thread 0.2 to 0.4 ms of a pass, in which the others compute without it; copying takes 10 us.
 *
 * A part is kept when its place comes a second time: its key and all addresses that it could depend on. Where something was staged inside it never is,
 * for that would be another pass's data.
 */
import type { Mat } from "../../../tensor/mat.ts";
import type { DeferredMemory } from "./memory.ts";
import type { Part, Recorder } from "./recorder.ts";

/** Places that are remembered; the layers of MiniLM take 12 to 60 KB. */
const MOST = 12;

interface Replay {
  readonly part: Part;
  /** Bytes of shared scratch that the calls use. */
  readonly scratch: number;
}

export class Replays {
  readonly #memory: DeferredMemory;
  readonly #recorder: Recorder;
  /** By place, the one used last at the end. */
  readonly #known = new Map<string, Replay | "once" | "never">();

  constructor(memory: DeferredMemory, recorder: Recorder) {
    this.#memory = memory;
    this.#recorder = recorder;
  }

  /** Records what `body` calls, or `held`, which is the same handed over only when all of it is recorded. */
  run(key: string, mats: readonly Mat[], body: () => void, held: () => void): void {
    const mark = this.#memory.mark();
    const place = [key, mark, ...mats.flatMap(({ offset, rows, cols, stride }) => [offset, rows, cols, stride])].join(" ");
    let replay = this.#known.get(place);
    if (replay === undefined) {
      replay = "once";
      body();
    } else if (replay === "once") {
      replay = this.#record(mark, held);
    } else if (replay === "never") {
      body();
    } else {
      this.#memory.alloc(replay.scratch); // as body would: what is staged later keeps clear of it
      this.#memory.release(mark);
      this.#recorder.append(replay.part);
    }
    this.#known.delete(place);
    this.#known.set(place, replay);
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value!);
  }

  #record(mark: number, held: () => void): Replay | "never" {
    const { stagings } = this.#memory;
    const part = this.#recorder.part(held);
    return this.#memory.stagings === stagings ? { part, scratch: this.#memory.passPeak - mark } : "never";
  }
}
