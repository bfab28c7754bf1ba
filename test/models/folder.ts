/** ModelFiles over a folder of fixtures, so that tests of models need nothing of src/files. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/errors.ts";
import type { ModelFiles } from "../../src/files/types.ts";
import type { ByteSource } from "../../src/safetensors/types.ts";

export function folderFiles(folder: string, replace: Readonly<Record<string, Uint8Array>> = {}): ModelFiles {
  const read = async (name: string): Promise<Uint8Array> => {
    const bytes = await readIfPresent(name);
    if (!bytes) throw new ConfigError(`no ${name} in ${folder}`);
    return bytes;
  };
  const readIfPresent = async (name: string): Promise<Uint8Array | undefined> =>
    replace[name] ?? (existsSync(join(folder, name)) ? new Uint8Array(readFileSync(join(folder, name))) : undefined);
  const open = async (name: string): Promise<ByteSource> => {
    const bytes = await read(name);
    return { size: bytes.length, read: async (start, end) => bytes.subarray(start, end), sibling: open };
  };
  return {
    label: folder,
    read,
    readIfPresent,
    open,
    subfolder: (path) => folderFiles(join(folder, path)),
  };
}
