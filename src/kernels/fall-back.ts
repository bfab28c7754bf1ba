/** What "auto" does where wasm cannot run, or is refused the memory that a model needs: plain loops, and the reason for the user. */
import type { ChosenBackend } from "./choose.ts";
import { LoopsBackend } from "./loops/backend.ts";

export function fallBack(error: Error): ChosenBackend {
  return { backend: new LoopsBackend(), reason: `loops is the fallback; ${error.message}` };
}
