/**
 * File names inside a model folder. They come from users and from the model's own JSON (modules.json, index files), so they are checked:
 * forward slashes, relative, and never out of the folder.
 */

import { checkString, unexpected } from "../checks.ts";

/** `name` without "./" and empty parts; "" is the folder itself. @throws ConfigError for what is no name or leaves the folder */
export function safeName(name: string, label: string): string {
  checkString(name, `file of ${label}`);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (name.startsWith("/") || parts.includes("..") || /[\\:\u0000-\u001f]/.test(name)) {
    throw unexpected(`file of ${label}`, 'a name inside it, such as "1_Pooling/config.json"', name);
  }
  return parts.join("/");
}

/** `folder` and `name` as one name inside the model. */
export function joinName(folder: string, name: string): string {
  return folder === "" ? name : name === "" ? folder : `${folder}/${name}`;
}

/** The folder part of a name: where its siblings are. */
export function folderOf(name: string): string {
  const slash = name.lastIndexOf("/");
  return slash < 0 ? "" : name.slice(0, slash);
}
