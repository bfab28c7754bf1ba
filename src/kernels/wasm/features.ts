/**
 * Feature levels of the running engine, and the opt-in to V8's experimental ones.
 *
 *     level                    name                bits as
 *     mul+add                  wasm-simd
 *     fused                    wasm-simd-fma
 *     mul+add, revectorised    wasm-simd-256       wasm-simd
 *     fused, revectorised      wasm-simd-fma-256   wasm-simd-fma
 *
 * and each with "-dot8" (or "-dot8s", for signed digits) where W8A16 has the faster of its two inner loops: same bits (gemm-w8-loops.ts).
 * A level is chosen by trying (probes.ts), not by a list of engines. V8's flags are process-wide; models keep the level they were loaded with.
 */
import { UnsupportedError } from "../../errors.ts";
import { baseline, type FeatureLevel } from "./level.ts";
import { exactDot8, hasFusedMultiplyAdd, hasSimd, pairingWorks } from "./probes.ts";

/** As in the public contract: same `kernels`, same bits. */
export interface EngineInfo {
  readonly simd: boolean;
  readonly relaxedFma: boolean;
  readonly revectorized: boolean;
  readonly threads: number;
  readonly kernels: string;
}

interface Engine {
  readonly simd: boolean;
  readonly level: FeatureLevel;
  /** What the engine said when it refused. */
  readonly refusal?: unknown;
}

/** What is known so far; undefined until asked. */
let known: Engine | undefined;
let experimentalTried = false;
let threads = 1;

function probe(): Engine {
  known ??= tryEngine();
  return known;
}

/** A policy may validate modules but forbid to compile them (a page without wasm-unsafe-eval, edge functions), and memory may be refused: that counts as no SIMD. */
function tryEngine(): Engine {
  try {
    return { simd: hasSimd(), level: { fma: hasFusedMultiplyAdd(), wide: false, dot8: exactDot8() } };
  } catch (refusal) {
    return { simd: false, level: baseline, refusal };
  }
}

/** Takes a level as given, because its kernels were compiled ahead of time (compiled.ts) and nothing can be tried here. @internal */
export function assumeLevel(level: FeatureLevel): void {
  known = { simd: true, level };
}

/** The level to emit kernels for. @throws UnsupportedError where WebAssembly or its SIMD is missing or forbidden @internal */
export function currentLevel(): FeatureLevel {
  const { simd, level, refusal } = probe();
  if (!simd) {
    const why = refusal ? ` (${refusal})` : "";
    throw new UnsupportedError(
      `the wasm backend needs WebAssembly with 128-bit SIMD, which this runtime lacks or forbids${why}; use device "loops"`,
    );
  }
  return level;
}

/** @internal */
export function levelName({ fma, wide, dot8 }: FeatureLevel): string {
  return `wasm-simd${fma ? "-fma" : ""}${dot8 ? (dot8 === "signed" ? "-dot8s" : "-dot8") : ""}${wide ? "-256" : ""}`;
}

export function engineInfo(): EngineInfo {
  const { simd, level } = probe();
  return { simd, relaxedFma: level.fma, revectorized: level.wide, threads, kernels: simd ? levelName(level) : "loops" };
}

/** For the worker pool: the number that engineInfo() shows. @internal */
export function setEngineThreads(count: number): void {
  threads = count;
}

/**
 * Asks V8 for what it hides behind flags: relaxed SIMD (Node 20) and revectorisation (Node 22 on, x64), which pairs 128-bit operations into AVX2's 256 bits.
 * Process-wide and idempotent. Where V8 refuses, results differ or nothing gets faster, the level stays what it was; outside Node it does nothing.
 */
export function enableExperimentalSimd(): EngineInfo {
  const v8 = nodeV8();
  if (experimentalTried || v8 === undefined) return engineInfo();
  experimentalTried = true;
  if (v8.major < 12) v8.setFlag("--experimental-wasm-relaxed-simd");
  known = tryEngine();
  const { simd, level } = known;
  if (simd && v8.major >= 12 && v8.x64) {
    v8.setFlag("--experimental-wasm-revectorize");
    // V8 12 (Node 22) pairs multiplications and additions, but not fused ones: two roundings at twice the width are faster there.
    const wide: FeatureLevel = { ...level, fma: level.fma && v8.major >= 13, wide: true };
    if (pairingWorks(wide)) known = { simd, level: wide };
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
