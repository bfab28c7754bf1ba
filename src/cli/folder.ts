/** The files of a folder, for --file and for search: sorted paths, without hidden ones and what tools keep for themselves; and how a folder is made. */
import { existsSync } from "node:fs";
import { mkdir, open, readdir, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";

const SKIPPED_FOLDERS = new Set(["node_modules"]);
/** A NUL byte this near the start makes a file binary, as git sees it. */
const PROBE_BYTES = 8192;

/** Paths of all files below the folder, relative to it with "/", sorted by code unit, so that every machine has the same order. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) await walk(join(path, entry.name));
      else if (entry.isFile()) found.push(relative(folder, join(path, entry.name)).split(sep).join("/"));
    }
  };
  await walk(folder);
  return found.sort();
}

/** The folder and those above it. Node's own recursion never ends where the system refuses a new folder with ENOENT (/proc). */
export async function createFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(resolve(path));
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || existsSync(parent)) throw error;
    await createFolder(parent);
    await mkdir(path);
  }
}

export async function isBinary(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(PROBE_BYTES), 0, PROBE_BYTES, 0);
    return buffer.subarray(0, bytesRead).includes(0);
  } finally {
    await file.close();
  }
}
