/** The call queue: order, turns of the event loop, abort while waiting and between passes, dispose. */
import { describe, expect, test } from "vitest";
import { DisposedError } from "../../src/errors.ts";
import { CallQueue } from "../../src/tensor/queue.ts";
import { nextTurn } from "../../src/tensor/turn.ts";

describe("CallQueue", () => {
  test("runs one call at a time, first in first out", async () => {
    const queue = new CallQueue("model", "weights", () => {});
    const events: string[] = [];
    const call = (name: string) =>
      queue.run(async (_, pause) => {
        events.push(`${name} starts`);
        await pause();
        events.push(`${name} ends`);
        return name;
      });
    expect(await Promise.all([call("a"), call("b"), call("c")])).toEqual(["a", "b", "c"]);
    expect(events).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
  });

  test("nothing runs inside the caller's own turn", async () => {
    const queue = new CallQueue("model", "weights", () => {});
    let hasRun = false;
    const result = queue.run(async () => {
      hasRun = true;
    });
    expect(hasRun).toBe(false);
    await result;
    expect(hasRun).toBe(true);
  });

  test("other work gets a turn between the passes of a call and between calls", async () => {
    const queue = new CallQueue("model", "weights", () => {});
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
      queue.run(async (_, pause) => {
        for (let i = 0; i < 5; i++) await pause();
      }),
      queue.run(async () => {}),
    ]);
    isOver = true;
    await counting;
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  test("a failing call rejects and the next one runs", async () => {
    const queue = new CallQueue("model", "weights", () => {});
    const failing = queue.run(async () => {
      throw new Error("this one fails");
    });
    const next = queue.run(async () => 2);
    await expect(failing).rejects.toThrow("this one fails");
    expect(await next).toBe(2);
  });

  test("abort rejects a waiting call at once and never runs it; a running one at its next pause", async () => {
    const queue = new CallQueue("model", "weights", () => {});
    const controller = new AbortController();
    let passes = 0;
    const running = queue.run(async (_, pause) => {
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
    const events: string[] = [];
    const queue = new CallQueue("TinyModel of ./folder", "weights", (resource) => events.push(`${resource} released`));
    let finishPass = (): void => {};
    const running = queue.run(async (_, pause) => {
      await new Promise<void>((resolve) => {
        finishPass = resolve;
      });
      events.push("pass over");
      await pause();
      events.push("never");
    });
    const waiting = queue.run(async () => events.push("never"));
    await nextTurn();
    queue.dispose();
    queue.dispose();
    await expect(waiting).rejects.toThrow(DisposedError);
    expect(events).toEqual([]);
    finishPass();
    await expect(running).rejects.toThrow("TinyModel of ./folder was disposed");
    await nextTurn();
    expect(events).toEqual(["pass over", "weights released"]);
    await expect(queue.run(async () => 1)).rejects.toBeInstanceOf(DisposedError);
  });

  test("an idle queue releases at once, and only once", () => {
    const released: string[] = [];
    const queue = new CallQueue("model", "weights", (resource) => released.push(resource));
    queue.dispose();
    queue.dispose();
    expect(released).toEqual(["weights"]);
  });

  test("each call gets the resource, which is gone once it is released", async () => {
    const queue = new CallQueue("model", { weights: 3 }, () => {});
    expect(await queue.run(async ({ weights }) => weights)).toBe(3);
    expect(queue.resource).toEqual({ weights: 3 });
    await nextTurn();
    queue.dispose();
    expect(() => queue.resource).toThrow("model was disposed");
  });
});
