/**
 * The environment, where the runtime has one: the settings of huggingface_hub (HF_HOME, HF_TOKEN, ...) are read from here.
 * Browsers have none, and Deno may forbid to look: both count as an empty environment.
 */

/** An environment variable; undefined where it is unset, empty, or there is no environment to read. */
export function environment(name: string): string | undefined {
  try {
    return (typeof process !== "undefined" && process.env?.[name]) || undefined;
  } catch {
    return undefined; // Deno without --allow-env
  }
}
