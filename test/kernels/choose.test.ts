/** createBackend: names, devices, the order of "auto", and errors that say what was expected. */

import { describe, expect, it } from "vitest";
import { ConfigError, UnsupportedError } from "../../src/errors.ts";
import { createBackend } from "../../src/kernels/choose.ts";
import { LoopsBackend } from "../../src/kernels/loops/backend.ts";
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";
import type { BackendDevice } from "../../src/tensor/device.ts";

describe("createBackend", () => {
  it.each(["reference", "loops", "wasm"] as const)("gives %s by name", async (device) => {
    const { backend, reason } = await createBackend({ device });
    expect(backend.name).toBe(device);
    expect(reason).toContain(device);
    backend.dispose();
  });

  it("makes the backend of a device, and refuses objects that are none", async () => {
    const made = new ReferenceBackend();
    const device: BackendDevice = { name: "mine", createBackend: async () => made };
    expect((await createBackend({ device })).backend).toBe(made);
    await expect(createBackend({ device: { name: "hollow" } })).rejects.toThrow(ConfigError);
    await expect(createBackend({ device: "gpu" as "wasm" })).rejects.toThrow(/expected "auto".*found "gpu"/);
    await expect(createBackend({ devices: 5 as never })).rejects.toThrow(/devices: expected a list of devices, found 5/);
    await expect(createBackend({ device: null as unknown as "wasm" })).rejects.toThrow(ConfigError);
  });

  it("chooses something that runs by itself, whatever the candidates do", async () => {
    const broken: BackendDevice = { name: "broken", createBackend: () => Promise.reject(new UnsupportedError("no adapter")) };
    const { backend, reason } = await createBackend({ devices: [broken] });
    expect(["wasm", "loops"]).toContain(backend.name);
    expect(reason.length).toBeGreaterThan(10);
    backend.dispose();
  });

  it("falls back from a device to wasm, from wasm to loops", async () => {
    class Instant extends LoopsBackend {
      override readonly name = "instant" as never;
      override async pass() {
        return [new Float32Array(1)];
      }
    }
    const instant: BackendDevice = { name: "instant", createBackend: async () => new Instant() };
    const fastest = await createBackend({ devices: [instant], threads: 1 });
    expect(fastest.backend).toBeInstanceOf(Instant);
    const second = await fastest.fallBack!(new UnsupportedError("a table is too large"));
    expect(second.backend.name).toBe("wasm");
    expect(second.reason).toContain("a table is too large");
    const third = await second.fallBack!(new UnsupportedError("no memory"));
    expect(third.backend.name).toBe("loops");
    expect(third.fallBack).toBeUndefined();
  });
});
