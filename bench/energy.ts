/**
 * Joules that the processor packages used, from Linux's powercap counters (RAPL): most virtual machines have none, and reading them often takes root.
 * The counters are of the whole machine, whatever else runs on it, and wrap around at `max_energy_range_uj`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const POWERCAP = "/sys/class/powercap";
/** Packages are "intel-rapl:0", on AMD too; "intel-rapl:0:1" is a part of one. */
const PACKAGE = /^intel-rapl:\d+$/;

/** A counter started now, which gives the joules since then; undefined where the machine has none that may be read. */
export function startEnergy(powercap = POWERCAP): (() => number) | undefined {
  try {
    const counters = readdirSync(powercap)
      .filter((name) => PACKAGE.test(name))
      .map((name) => {
        const read = (file: string) => Number(readFileSync(join(powercap, name, file), "utf8"));
        return { read, start: read("energy_uj"), range: read("max_energy_range_uj") };
      });
    if (counters.length === 0) return undefined;
    return () =>
      counters.reduce((sum, { read, start, range }) => {
        const microjoules = read("energy_uj") - start;
        return sum + (microjoules < 0 ? microjoules + range : microjoules) / 1e6;
      }, 0);
  } catch {
    return undefined;
  }
}
