/**
 * Feature levels of the running engine; experimental.ts has the opt-in to V8's experimental ones.
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
import { exactDot8, hasFusedMultiplyAdd, hasSimd } from "./probes.ts";

/** As in the public contract: same `kernels`, same bits. */
export interface EngineInfo {
  readonly simd: boolean;
  readonly relaxedFma: boolean;
  readonly revectorized: boolean;
  readonly threads: number;
  readonly kernels: string;
}

/** @internal */
export interface Engine {
  readonly simd: boolean;
  readonly level: FeatureLevel;
  /** What the engine said when it refused. */
  readonly refusal?: unknown;
}

/** What is known so far; undefined until asked. */
let known: Engine | undefined;
let threads = 1;

function probe(): Engine {
  return known ?? probeAgain();
}

/** For an engine whose flags have changed. @internal */
export function probeAgain(): Engine {
  known = tryEngine();
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

/** Takes a level as given: its kernels were compiled ahead of time where nothing can be tried (compiled.ts), or it was tried elsewhere (experimental.ts). @internal */
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
