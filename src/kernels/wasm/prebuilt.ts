/**
 * Kernels from the files that the build writes beside the library: Node reads one in 0.2 ms, where emitting takes a process that starts 20 ms.
 * Sources, bundles and browsers have no such files and emit; the kernels are the same (test/package).
 */

/** Bytes of each file by name, put in by the build: another version's file, left beside a bundle, is hardly taken for this one's. (A checksum takes 1 ms.) */
declare const KERNEL_FILES: Readonly<Record<string, number>> | undefined;

/** The file NAME.wasm, or undefined where there is none. Deno is left out: it would ask its user for leave to read. */
export function prebuiltKernels(name: string): Uint8Array<ArrayBuffer> | undefined {
  if (typeof KERNEL_FILES === "undefined" || typeof process !== "object" || typeof process?.getBuiltinModule !== "function")
    return undefined;
  const here: string | undefined = import.meta.url; // undefined in a CommonJS bundle
  if (process.versions?.node === undefined || "deno" in process.versions || !here?.startsWith("file:")) return undefined;
  try {
    const bytes = process.getBuiltinModule("node:fs").readFileSync(new URL(`wasm/${name}.wasm`, here)) as Uint8Array<ArrayBuffer>;
    return bytes.length === KERNEL_FILES[name] ? bytes : undefined;
  } catch {
    return undefined; // no file, or no right to read it
  }
}
