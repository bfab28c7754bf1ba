import { expect, it, vi } from "vitest";
import { loadBeside } from "../../src/tasks/load-beside.ts";

it("begins the rest once the model waits", async () => {
  const order: string[] = [];
  const model = async () => {
    order.push("asks");
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push("model");
    return 1;
  };
  const rest = async () => order.push("rest");
  expect(await loadBeside(model, rest, () => {})).toEqual([1, 2]);
  expect(order).toEqual(["asks", "rest", "model"]);
});

it("where the rest fails, the model's loading is aborted, and what is there already disposed", async () => {
  const dispose = vi.fn();
  const failure = new Error("no tokenizer");
  let stop: AbortSignal | undefined;
  const model = async (signal: AbortSignal) => {
    stop = signal;
    return "model";
  };
  await expect(loadBeside(model, () => Promise.reject(failure), dispose)).rejects.toBe(failure);
  expect(stop?.reason).toBe(failure);
  await vi.waitFor(() => expect(dispose).toHaveBeenCalledWith("model"));
});

it("where the model fails, the rest is aborted", async () => {
  const failure = new Error("no weights");
  let stop: AbortSignal | undefined;
  const rest = (signal: AbortSignal) => {
    stop = signal;
    return new Promise(() => {});
  };
  const model = async () => {
    await vi.waitFor(() => expect(stop).toBeDefined());
    throw failure;
  };
  await expect(loadBeside(model, rest, () => {})).rejects.toBe(failure);
  expect(stop?.reason).toBe(failure);
});

it("begins nothing for a caller who has aborted already", async () => {
  const begin = vi.fn(async () => {});
  const aborted = AbortSignal.abort(new Error("too late"));
  await expect(loadBeside(begin, begin, () => {}, aborted)).rejects.toThrow("too late");
  expect(begin).not.toHaveBeenCalled();
});

it("passes the caller's abort on", async () => {
  const caller = new AbortController();
  let stop: AbortSignal | undefined;
  const model = (signal: AbortSignal) => {
    stop = signal;
    return new Promise(() => {}); // a read that nothing can end
  };
  const loading = loadBeside(
    model,
    async () => {},
    () => {},
    caller.signal,
  );
  caller.abort(new Error("enough"));
  await expect(loading).rejects.toThrow("enough");
  expect(stop?.reason).toBe(caller.signal.reason);
});
