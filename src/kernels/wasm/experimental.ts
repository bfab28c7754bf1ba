/** The opt-in to what V8 keeps behind flags, which only Node can set: bundlers for browsers take experimental.browser.ts instead (package.json, "browser"). */
import { assumeLevel, type EngineInfo, engineInfo, probeAgain } from "./features.ts";
import type { FeatureLevel } from "./level.ts";
import { pairingWorks } from "./race.ts";

let isTried = false;

/**
 * Asks V8 for what it hides behind flags: relaxed SIMD (Node 20) and revectorisation (Node 22 on, x64), which pairs 128-bit operations into AVX2's 256 bits.
 * Process-wide and idempotent. Where V8 refuses, results differ or nothing gets faster, the level stays what it was; outside Node it does nothing.
 */
export function enableExperimentalSimd(): EngineInfo {
  const v8 = nodeV8();
  if (isTried || v8 === undefined) return engineInfo();
  isTried = true;
  if (v8.major < 12) v8.setFlag("--experimental-wasm-relaxed-simd");
  const { simd, level } = probeAgain();
  if (simd && v8.major >= 12 && v8.x64) {
    v8.setFlag("--experimental-wasm-revectorize");
    // V8 12 (Node 22) pairs multiplications and additions, but not fused ones: two roundings at twice the width are faster there.
    const wide: FeatureLevel = { ...level, fma: level.fma && v8.major >= 13, wide: true };
    if (pairingWorks(wide)) assumeLevel(wide);
  }
  return engineInfo();
}

interface NodeV8 {
  readonly major: number;
  readonly x64: boolean;
  setFlag(flag: string): void;
}

/** Node's v8 module, reached without an import so that bundles for browsers stay whole. */
function nodeV8(): NodeV8 | undefined {
  if (typeof process !== "object") return undefined;
  const { versions, arch, getBuiltinModule } = process ?? {};
  if (!versions?.node || "bun" in versions || "deno" in versions) return undefined;
  const v8 = getBuiltinModule?.("v8");
  return v8 && { major: Number.parseInt(versions.v8, 10), x64: arch === "x64", setFlag: (flag) => v8.setFlagsFromString(flag) };
}
