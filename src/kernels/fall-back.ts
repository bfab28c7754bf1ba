/** What "auto" does where wasm cannot run, or is refused the memory that a model needs: plain loops, and the reason for the user. */
import type { Backend } from "../tensor/backend.ts";
import type { ChosenBackend } from "./choose.ts";

export function fallBackTo(createLoops: () => Backend): (error: Error) => ChosenBackend {
  return (error) => ({ backend: createLoops(), reason: `loops is the fallback; ${error.message}` });
}
