/**
 * As much of vitest as the conformance suite uses, for a page: `describe` and `it` collect, `runAll` runs one after another.
 * `expect` is vitest's own, from its package @vitest/expect.
 */

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  GLOBAL_EXPECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const expect = ((value: unknown, message?: string) => chai.expect(value, message)) as unknown as typeof import("vitest").expect;
Object.assign(expect, chai.expect, {
  getState: () => getState(expect as never),
  setState: (state: object) => setState(state, expect as never),
});
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, configurable: true });
setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null }, expect as never);
void ASYMMETRIC_MATCHERS_OBJECT;

type Body = (...args: never[]) => unknown;
interface Suite {
  readonly path: readonly string[];
  readonly before: (() => unknown)[];
  readonly after: (() => unknown)[];
  readonly steps: (Suite | { readonly name: string; readonly run: () => unknown })[];
}

const root: Suite = { path: [], before: [], after: [], steps: [] };
let current = root;

export function describe(name: string, body: () => void): void {
  const outer = current;
  const suite: Suite = { path: [...outer.path, name], before: [], after: [], steps: [] };
  outer.steps.push(suite);
  current = suite;
  body();
  current = outer;
}
export const beforeAll = (body: () => unknown): number => current.before.push(body);
export const afterAll = (body: () => unknown): number => current.after.push(body);
export const it = Object.assign((name: string, run: () => unknown) => void current.steps.push({ name, run }), {
  each:
    (rows: readonly unknown[]) =>
    (name: string, body: Body): void => {
      for (const row of rows) {
        const args = Array.isArray(row) ? row : [row];
        it(`${name} ${JSON.stringify(args)}`, () => (body as (...args: unknown[]) => unknown)(...args));
      }
    },
});
export const test = it;

export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

/** Runs everything that was described; `report` hears of each test. */
export async function runAll(report: (outcome: Outcome) => void, suite: Suite = root): Promise<void> {
  for (const body of suite.before) await body();
  for (const step of suite.steps) {
    if ("path" in step) {
      await runAll(report, step).catch((error: unknown) => report({ name: step.path.join(" > "), error: String(error) }));
      continue;
    }
    const name = [...suite.path, step.name].join(" > ");
    try {
      await step.run();
      report({ name });
    } catch (error) {
      report({ name, error: error instanceof Error ? error.message : String(error) });
    }
  }
  for (const body of suite.after) await body();
}
