/**
 * Files that are not what their name says: a Git LFS pointer (the clone was made without LFS) and an HTML page (a login page, a proxy, a
 * wrong address). Both parse as nothing useful further on, so they are named here, where the file's origin is known.
 */

import { FormatError } from "../errors.ts";

const longestPointer = 1024;

/** What `bytes` are instead of a model's file, or undefined. Only the first bytes are looked at. */
export function impostor(name: string, bytes: Uint8Array): "a Git LFS pointer" | "an HTML page" | undefined {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  if (bytes.length <= longestPointer && start.startsWith("version https://git-lfs")) return "a Git LFS pointer";
  if (/^(<!doctype html|<html)/i.test(start) && !/\.(html?|md)$/i.test(name)) return "an HTML page";
  return undefined;
}

/** Passes `bytes` on. @throws FormatError where they are a pointer or a page */
export function genuine(name: string, label: string, bytes: Uint8Array): Uint8Array {
  const found = impostor(name, bytes);
  if (found === undefined) return bytes;
  const todo =
    found === "a Git LFS pointer"
      ? "fetch the real file with `git lfs pull`, or download it again"
      : "check the address, and whether it needs a login";
  throw new FormatError(`${name} of ${label} is ${found} instead of the file itself: ${todo}.`);
}
