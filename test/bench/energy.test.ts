/** Energy from powercap's counters, on folders of our own: sums of packages, a counter that wraps around, machines without one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startEnergy } from "../../bench/energy.ts";

describe("energy", () => {
  let powercap: string;
  const counter = (name: string, microjoules: number, range = 1_000_000_000) => {
    mkdirSync(join(powercap, name), { recursive: true });
    writeFileSync(join(powercap, name, "energy_uj"), `${microjoules}\n`);
    writeFileSync(join(powercap, name, "max_energy_range_uj"), `${range}\n`);
  };
  beforeEach(() => {
    powercap = mkdtempSync(join(tmpdir(), "hummingbert-powercap-"));
  });
  afterEach(() => rmSync(powercap, { recursive: true, force: true }));

  test("is the sum of the packages, without their parts", () => {
    counter("intel-rapl:0", 5_000_000);
    counter("intel-rapl:1", 1_000_000);
    counter("intel-rapl:0:0", 0);
    const joules = startEnergy(powercap)!;
    counter("intel-rapl:0", 7_500_000);
    counter("intel-rapl:1", 2_000_000);
    counter("intel-rapl:0:0", 9_000_000);
    expect(joules()).toBeCloseTo(3.5, 9);
  });

  test("survives a counter that wraps around", () => {
    counter("intel-rapl:0", 9_000_000, 10_000_000);
    const joules = startEnergy(powercap)!;
    counter("intel-rapl:0", 500_000, 10_000_000);
    expect(joules()).toBeCloseTo(1.5, 9);
  });

  test("is undefined without counters", () => {
    expect(startEnergy(powercap)).toBeUndefined();
    expect(startEnergy(join(powercap, "nothing"))).toBeUndefined();
  });
});
