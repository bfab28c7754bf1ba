/**
 * Kernels from the files that the build writes beside the library: Node reads one in 0.2 ms, where emitting takes a process that starts 20 ms.
 * Sources, bundles and browsers have no such files and emit; the kernels are the same (test/package).
 */

/** Bytes of each file by name, put in by the build: another version's file, left beside a bundle, is hardly taken for this one's. (A checksum takes 1 ms.) */
declare const KERNEL_FILES: Readonly<Record<string, number>> | undefined;

/** The module NAME.wasm, or undefined where there is no such file. Deno is left out: it would ask its user for leave to read. */
export function prebuiltKernels(name: string): Uint8Array<ArrayBuffer> | undefined {
  if (typeof KERNEL_FILES === "undefined" || typeof process !== "object" || typeof process?.getBuiltinModule !== "function")
    return undefined;
  const here: string | undefined = import.meta.url; // undefined in a CommonJS bundle
  if (process.versions?.node === undefined || "deno" in process.versions || !here?.startsWith("file:")) return undefined;
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const read = (file: string) => readFileSync(new URL(`wasm/${file}`, here)) as Uint8Array<ArrayBuffer>;
  const base = patchedModule(name);
  try {
    const bytes = base ? patched(prebuiltKernels(base)!, read(`${name}.patch`)) : read(`${name}.wasm`);
    return bytes.length === KERNEL_FILES[name] ? bytes : undefined;
  } catch {
    return undefined; // no file, no right to read it, or another version's beneath a patch
  }
}

/** Modules with dot8, which nobody imports by name, are kept as what differs from the one without: which that is. */
export function patchedModule(name: string): string | undefined {
  return /(.+)-dot8/.exec(name)?.[1];
}

/** A module made of `base`: a patch is rows of [bytes to copy, where from in `base`, bytes that follow], each in two bytes, and those that follow. (0.2 ms.) */
export function patched(base: Uint8Array, patch: Uint8Array): Uint8Array<ArrayBuffer> {
  const number = (at: number) => patch[at]! + 256 * patch[at + 1]!;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < patch.length; ) {
    const from = number(at + 2);
    parts.push(base.subarray(from, from + number(at)), patch.subarray(at + 6, at + 6 + number(at + 4)));
    at += 6 + number(at + 4);
  }
  return Buffer.concat(parts);
}
