/** The call queue: order, turns of the event loop, abort while waiting and between passes, dispose. */
import { describe, expect, test } from "vitest";
import { DisposedError } from "../../src/errors.ts";
import { CallQueue } from "../../src/tensor/queue.ts";
import { nextTurn } from "../../src/tensor/turn.ts";

describe("CallQueue", () => {
  test("runs one call at a time, first in first out", async () => {
    const queue = new CallQueue("model");
    const events: string[] = [];
    const call = (name: string) =>
      queue.run(async (pause) => {
        events.push(`${name} starts`);
        await pause();
        events.push(`${name} ends`);
        return name;
      });
    expect(await Promise.all([call("a"), call("b"), call("c")])).toEqual(["a", "b", "c"]);
    expect(events).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
  });

  test("nothing runs inside the caller's own turn", async () => {
    const queue = new CallQueue("model");
    let hasRun = false;
    const result = queue.run(async () => {
      hasRun = true;
    });
    expect(hasRun).toBe(false);
    await result;
    expect(hasRun).toBe(true);
  });

  test("other work gets a turn between the passes of a call and between calls", async () => {
    const queue = new CallQueue("model");
    let turns = 0;
    let isOver = false;
    const count = async (): Promise<void> => {
      while (!isOver) {
        await nextTurn();
        turns++;
      }
    };
    const counting = count();
    await Promise.all([
      queue.run(async (pause) => {
        for (let i = 0; i < 5; i++) await pause();
      }),
      queue.run(async () => {}),
    ]);
    isOver = true;
    await counting;
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  test("a failing call rejects and the next one runs", async () => {
    const queue = new CallQueue("model");
    const failing = queue.run(async () => {
      throw new Error("this one fails");
    });
    const next = queue.run(async () => 2);
    await expect(failing).rejects.toThrow("this one fails");
    expect(await next).toBe(2);
  });

  test("abort rejects a waiting call at once and never runs it; a running one at its next pause", async () => {
    const queue = new CallQueue("model");
    const controller = new AbortController();
    let passes = 0;
    const running = queue.run(async (pause) => {
      for (;;) {
        passes++;
        await pause();
      }
    }, controller.signal);
    let hasRun = false;
    const waiting = queue.run(async () => {
      hasRun = true;
    }, controller.signal);
    const after = queue.run(async () => "still works");
    await nextTurn();
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(running).rejects.toThrow("enough");
    expect(await after).toBe("still works");
    expect(hasRun).toBe(false);
    expect(passes).toBeGreaterThan(0);
    await expect(queue.run(async () => 1, controller.signal)).rejects.toThrow("enough");
  });

  test("dispose rejects what waits and what comes, and releases after the running pass", async () => {
    const queue = new CallQueue("TinyModel of ./folder");
    const events: string[] = [];
    let finishPass = (): void => {};
    const running = queue.run(async (pause) => {
      await new Promise<void>((resolve) => {
        finishPass = resolve;
      });
      events.push("pass over");
      await pause();
      events.push("never");
    });
    const waiting = queue.run(async () => events.push("never"));
    await nextTurn();
    queue.dispose(() => events.push("released"));
    queue.dispose(() => events.push("released twice"));
    await expect(waiting).rejects.toThrow(DisposedError);
    expect(events).toEqual([]);
    finishPass();
    await expect(running).rejects.toThrow("TinyModel of ./folder was disposed");
    await nextTurn();
    expect(events).toEqual(["pass over", "released"]);
    await expect(queue.run(async () => 1)).rejects.toBeInstanceOf(DisposedError);
  });

  test("an idle queue releases at once", () => {
    const queue = new CallQueue("model");
    let isReleased = false;
    queue.dispose(() => {
      isReleased = true;
    });
    expect(isReleased).toBe(true);
    expect(queue.isDisposed).toBe(true);
  });
});
