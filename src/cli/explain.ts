/** What the operating system refuses, as a sentence with what to do; other errors speak for themselves. */

const SENTENCES: Readonly<Record<string, string>> = {
  ENOSPC: "there is no space left on the disk; free some and run again",
  EDQUOT: "the disk quota is used up; free some and run again",
  EFBIG: "the file would be larger than the system allows here",
  EACCES: "permission denied; choose another place or change its permissions",
  EPERM: "the system does not permit it; choose another place",
  EROFS: "the file system is read-only; choose another place",
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "something else is in its place",
  EISDIR: "it is a folder, not a file",
  EMFILE: "too many files are open",
  EIO: "the device reports an error",
};

export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  const sentence = code === undefined ? undefined : SENTENCES[code];
  // errors of the library carry no code; those of the system do
  return sentence === undefined ? error.message : `${path === undefined ? "" : `${path}: `}${sentence} (${code})`;
}
