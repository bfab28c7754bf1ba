/** Device "auto" by measuring: the fastest wins, failures are told, the decision is remembered. */

import { expect, test, vi } from "vitest";
import { ConfigError, UnsupportedError } from "../../src/errors.ts";
import { type Candidate, chooseFastest } from "../../src/kernels/fastest.ts";
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";
import type { Backend } from "../../src/tensor/backend.ts";

/** Candidates whose names are their milliseconds, and a measure that reads them. */
function timed(...names: string[]): {
  candidates: Candidate[];
  measure: (backend: Backend) => Promise<number>;
  made: string[];
  disposed: string[];
} {
  const made: string[] = [];
  const disposed: string[] = [];
  const nameOf = new Map<Backend, string>();
  const candidates = names.map((name) => ({
    name,
    create: async () => {
      made.push(name);
      if (name.startsWith("no ")) throw new UnsupportedError(`there is ${name}`);
      const backend = new ReferenceBackend();
      nameOf.set(backend, name);
      vi.spyOn(backend, "dispose").mockImplementation(() => void disposed.push(name));
      return backend;
    },
  }));
  return { candidates, measure: async (backend) => Number.parseFloat(nameOf.get(backend)!.split(" ")[1]!), made, disposed };
}

test("the fastest candidate wins, whatever the order, and the reason names the measurements", async () => {
  const { candidates, measure, made, disposed } = timed("wasm 12.5", "gpu 3.25", "slow 40");
  const { backend, reason } = await chooseFastest(candidates, measure);
  expect(await measure(backend)).toBe(3.25);
  expect(reason).toBe('"gpu 3.25" was the fastest measured here (gpu 3.25 3.3 ms, wasm 12.5 12.5 ms, slow 40 40.0 ms)');
  expect(made).toEqual(["wasm 12.5", "gpu 3.25", "slow 40", "gpu 3.25"]);
  expect(disposed).toEqual(["wasm 12.5", "gpu 3.25", "slow 40"]); // the measured ones, not the one returned
});

test("a decision is remembered by the names: later loads make the winner only, of the devices passed then", async () => {
  const first = timed("x 2", "y 1");
  await chooseFastest(first.candidates, first.measure);
  const second = timed("x 2", "y 1");
  const { reason } = await chooseFastest(second.candidates, second.measure);
  expect(second.made).toEqual(["y 1"]);
  expect(reason).toContain('"y 1" was the fastest');
});

test("a candidate that cannot run is left out, with its reason; none left is an error with all reasons", async () => {
  const some = timed("no adapter", "wasm 5");
  expect((await chooseFastest(some.candidates, some.measure)).reason).toContain("no adapter: there is no adapter");
  const none = timed("no adapter", "no wasm");
  await expect(chooseFastest(none.candidates, none.measure)).rejects.toThrow(/no device can run here; no adapter.*; no wasm/);
  await expect(chooseFastest(none.candidates, none.measure)).rejects.toThrow(UnsupportedError);
});

test("a ConfigError is the caller's mistake and is not swallowed", async () => {
  const wrong = { name: "wrong", create: () => Promise.reject(new ConfigError("not a device")) };
  await expect(chooseFastest([wrong, ...timed("wasm 5").candidates])).rejects.toThrow(ConfigError);
});
