/**
 * The built-in modules, where the runtime has them: Node >= 20.16, Deno and Bun give their built-in modules through
 * process.getBuiltinModule. So this needs no import of node:fs (browsers bundle the same source) and no asynchronous import().
 */

import { UnsupportedError } from "../errors.ts";

type FileSystem = typeof import("node:fs");

interface Builtins {
  "node:fs": FileSystem;
  "node:path": typeof import("node:path");
  "node:url": typeof import("node:url");
  "node:os": typeof import("node:os");
  "node:crypto": typeof import("node:crypto");
  "node:module": typeof import("node:module");
  "node:worker_threads": typeof import("node:worker_threads");
}

/** A built-in module, or undefined where the runtime has none (browsers, edge functions). */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return undefined;
  try {
    return process.getBuiltinModule(name) as Builtins[Name] | undefined;
  } catch {
    return undefined; // a runtime that has the function, but not this module
  }
}

/** True where models can be read from folders and kept in the Hugging Face cache. */
export function hasFileSystem(): boolean {
  // Cloudflare's workers have a node:fs that forgets everything: their Cache API is the better place.
  if (typeof navigator !== "undefined" && navigator.userAgent === "Cloudflare-Workers") return false;
  return typeof builtin("node:fs")?.openSync === "function";
}

/** A built-in module that the caller cannot do without. */
export function needed<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  const module = builtin(name);
  if (module === undefined) {
    throw new UnsupportedError(
      "Reading folders needs a file system: Node 20.16 or newer, Deno or Bun. Elsewhere give a Hub id, an http URL or a Map of files.",
    );
  }
  return module;
}

/** Code of a system error ("ENOENT"), else undefined. What Deno's or Node's own permissions forbid counts as forbidden by the system. */
export function errorCode(error: unknown): string | undefined {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (name === "NotCapable" || code === "ERR_ACCESS_DENIED") return "EPERM";
  return typeof code === "string" ? code : undefined;
}
