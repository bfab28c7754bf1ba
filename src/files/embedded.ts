/**
 * Models that come with a clone of the repository: weights/<name>/, found from where this very file runs (src/files, dist or a bundle).
 * The npm package has no weights; there the Hub or its cache takes over.
 */

import { FolderFiles } from "./folder.ts";
import { builtin } from "./node.ts";

/** weights/<name> as a folder, or undefined where there is none. */
export function embeddedModel(name: string): FolderFiles | undefined {
  const fs = builtin("node:fs");
  const url = builtin("node:url");
  const here: string | undefined = import.meta.url; // undefined in a CommonJS bundle
  if (fs?.existsSync === undefined || url === undefined || !here?.startsWith("file:")) return undefined;
  for (const up of ["../../", "../", "./"]) {
    const folder = url.fileURLToPath(new URL(`${up}weights/${name}/`, here));
    if (fs.existsSync(`${folder}config.json`)) return new FolderFiles(folder, `weights/${name}`);
  }
  return undefined;
}
