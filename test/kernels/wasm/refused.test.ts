/** What a runtime may refuse of WebAssembly: engineInfo and the opt-in say "loops" and never throw, "auto" takes loops and tells why, "wasm" is an error. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";

beforeEach(() => vi.resetModules()); // what an engine can do is tried once
afterEach(() => vi.unstubAllGlobals());

function refusing(message: string) {
  return class {
    constructor() {
      throw new Error(message);
    }
  };
}

const here = WebAssembly;
const CASES: readonly [what: string, wasm: unknown, reason: RegExp][] = [
  ["no WebAssembly", undefined, /lacks or forbids;/],
  ["WebAssembly taken away", null, /lacks or forbids \(TypeError/],
  ["no SIMD", { ...wasm(), validate: () => false }, /lacks or forbids;/],
  ["a policy that forbids to compile", { ...wasm(), Module: refusing("code generation disallowed") }, /code generation disallowed/],
  ["memory refused", { ...wasm(), Memory: refusing("could not allocate memory") }, /could not allocate memory/],
];

/** WebAssembly's own properties are not enumerable. */
function wasm(): object {
  return Object.fromEntries(Object.getOwnPropertyNames(here).map((name) => [name, here[name as keyof typeof here]]));
}

it.each(CASES)("%s", async (_what, value, reason) => {
  vi.stubGlobal("WebAssembly", value);
  const { engineInfo } = await import("../../../src/kernels/wasm/features.ts");
  const { enableExperimentalSimd } = await import("../../../src/kernels/wasm/experimental.ts");
  const { createBackend } = await import("../../../src/kernels/choose.ts");
  const none = { simd: false, relaxedFma: false, revectorized: false, threads: 1, kernels: "loops" };
  expect(engineInfo()).toEqual(none);
  expect(enableExperimentalSimd()).toEqual(none);
  expect(enableExperimentalSimd()).toEqual(none);
  for (const threads of [1, 2]) {
    const chosen = await createBackend({ threads });
    expect(chosen.backend.name).toBe("loops");
    expect(chosen.reason).toMatch(reason);
    await expect(createBackend({ device: "wasm", threads })).rejects.toThrow(/use device "loops"/);
  }
});
