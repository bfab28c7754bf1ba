/** The environment, where the runtime has one. */

/** An environment variable; undefined where it is unset, empty, or there is no environment to read. */
export function environment(name: string): string | undefined {
  try {
    return (typeof process !== "undefined" && process.env?.[name]) || undefined;
  } catch {
    return undefined; // Deno without --allow-env
  }
}
