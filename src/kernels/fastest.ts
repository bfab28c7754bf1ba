/**
 * Device "auto" with several candidates: measured, not assumed. Small encoders are often faster on the CPU than on a GPU.
 *
 * Each candidate runs the synthetic encoder of measure.ts once in a process; the decision is remembered by the candidates' names.
 * A candidate that cannot be made here (no adapter, wasm forbidden) is left out, and its reason is part of the answer.
 */

import { ConfigError, UnsupportedError } from "../errors.ts";
import type { Backend } from "../tensor/backend.ts";
import { measureBackend } from "./measure.ts";

export interface Candidate {
  readonly name: string;
  readonly create: () => Promise<Backend>;
}

export interface Fastest {
  readonly backend: Backend;
  /** One sentence: what was chosen, what was measured, what could not run. */
  readonly reason: string;
}

type Measure = (backend: Backend) => Promise<number>;
const decisions = new Map<string, Promise<Decision>>();

interface Decision {
  readonly candidate: Candidate;
  readonly reason: string;
}

/**
 * A new backend of the fastest candidate.
 * @throws UnsupportedError with every candidate's reason when none can run; ConfigError of a candidate as it is
 */
export async function chooseFastest(candidates: readonly Candidate[], measure: Measure = measureBackend): Promise<Fastest> {
  const key = JSON.stringify(candidates.map(({ name }) => name));
  const decision = decisions.get(key) ?? decide(candidates, measure);
  decisions.set(key, decision);
  try {
    const { candidate, reason } = await decision;
    // The same name may belong to another device object by now.
    const current = candidates.find(({ name }) => name === candidate.name) ?? candidate;
    return { backend: await current.create(), reason };
  } catch (error) {
    decisions.delete(key); // what failed now may work, or lose, the next time
    throw error;
  }
}

async function decide(candidates: readonly Candidate[], measure: Measure): Promise<Decision> {
  const measured: (Candidate & { readonly ms: number })[] = [];
  const failures: string[] = [];
  for (const { name, create } of candidates) {
    let backend: Backend | undefined;
    try {
      backend = await create();
      measured.push({ name, create, ms: await measure(backend) });
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      backend?.dispose();
    }
  }
  measured.sort((a, b) => a.ms - b.ms);
  const [winner] = measured;
  if (!winner) throw new UnsupportedError(`no device can run here; ${failures.join("; ")}`);
  const times = measured.map(({ name, ms }) => `${name} ${ms.toFixed(1)} ms`).join(", ");
  return { candidate: winner, reason: [`"${winner.name}" was the fastest measured here (${times})`, ...failures].join("; ") };
}
