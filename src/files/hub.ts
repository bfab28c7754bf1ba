/**
 * What the Hub's server says about a repository: which commit a revision is, a file's ETag and size (the HEAD request of huggingface_hub:
 * X-Repo-Commit, X-Linked-Etag, X-Linked-Size; a redirect to another host is where the bytes are, not what they are), and why it refuses.
 */

import { DownloadError } from "../errors.ts";
import { ask, discard, hostOf, type Network, NoAnswer, refused } from "./http.ts";
import { isPlainName } from "./hub-cache.ts";

export interface Repository {
  /** Address of the Hub without a slash at its end. */
  readonly endpoint: string;
  readonly id: string;
  readonly token: string | undefined;
}

export interface RemoteFile {
  readonly commit: string;
  readonly etag: string;
  /** Bytes, where the server tells. */
  readonly size: number | undefined;
  /** The Hub that said so: the repository's, or the one to which that sent us. */
  readonly endpoint: string;
}

const mostRedirects = 5;
/** Where mirrors and short addresses may send us, the token included. */
const hubs = new Set(["https://huggingface.co", "https://hf.co"]);

export function resolveUrl({ endpoint, id }: Repository, revision: string, name: string): string {
  return `${endpoint}/${id}/resolve/${encodeURIComponent(revision)}/${name.split("/").map(encodeURIComponent).join("/")}`;
}

export function authorization({ token }: Repository): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** A header of the first response that has it: a redirect within the Hub repeats what it knows, another host does not. */
function first(responses: readonly Response[], header: string): string | undefined {
  for (const response of responses) {
    const value = response.headers.get(header);
    if (value !== null) return value;
  }
  return undefined;
}

/**
 * Asks for a file's commit, ETag and size.
 * @returns the commit alone where the repository has no such file
 * @throws DownloadError that says what to check; NoAnswer where nobody answers
 */
export async function askHub(
  repository: Repository,
  revision: string,
  name: string,
  signal: AbortSignal | undefined,
  network: Network,
): Promise<RemoteFile | { absentIn: string | undefined }> {
  let url = resolveUrl(repository, revision, name);
  let { origin } = new URL(url);
  let { endpoint } = repository;
  const responses: Response[] = [];
  for (;;) {
    const { response, watchdog } = await ask(
      url,
      { method: "HEAD", headers: { "Accept-Encoding": "identity", ...authorization(repository) }, redirect: "manual", signal },
      network,
    );
    watchdog.end();
    await discard(response);
    responses.push(response);
    const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (location === null) break;
    const target = new URL(location, url);
    if ((target.origin !== origin && !hubs.has(target.origin)) || responses.length > mostRedirects) break;
    if (target.origin !== origin) endpoint = origin = target.origin;
    url = target.href;
  }
  const last = responses.at(-1) as Response;
  const commit = first(responses, "x-repo-commit");
  if (last.status === 404 && saysEntryNotFound(last)) return { absentIn: commit };
  if (last.status >= 400) throw refusal(last, repository, revision, url);
  const etag = (first(responses, "x-linked-etag") ?? last.headers.get("etag") ?? "").replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
  if (commit === undefined || !isPlainName(commit) || !isPlainName(etag)) {
    throw new DownloadError(
      `${name} of ${repository.id}: ${origin} answered without a commit and an ETag; is HF_ENDPOINT the address of a Hub?`,
    );
  }
  const size = first(responses, "x-linked-size") ?? (last.status < 300 ? last.headers.get("content-length") : null);
  return { commit, etag, size: size === null || !/^\d+$/.test(size) ? undefined : Number(size), endpoint };
}

/** A 404 for the file, not for the repository. Plain mirrors send no code: there the file is what is missed. */
function saysEntryNotFound(response: Response): boolean {
  const code = response.headers.get("x-error-code");
  return code === "EntryNotFound" || code === null;
}

/** The error for a status, with the id and what to check. */
export function refusal(response: Response, { id, token }: Repository, revision: string, url: string): DownloadError {
  const code = response.headers.get("x-error-code");
  const { status } = response;
  const said = (hint: string, cause?: Error) => refused(status, `The model ${id}`, url, hint, cause);
  if (code === "GatedRepo" || (status === 403 && token !== undefined)) {
    return said(
      "access is granted by hand: ask for it on the model's page, and give the token of an account that has it (option token or HF_TOKEN)",
    );
  }
  if (code === "RevisionNotFound") return said(`there is no revision ${JSON.stringify(revision)}; check its name`);
  if (status === 401 && token !== undefined) return said("check the id, and that the token is valid and may read this model");
  if (status === 401 || status === 403) return said("check the id; if the model is private, give a token (option token or HF_TOKEN)");
  if (status === 404)
    return said("check the id: organisation/name as on the model's page; a private model needs a token (option token or HF_TOKEN)");
  const trouble = new NoAnswer(`${hostOf(url)} answered ${status}`); // as good as none for a model that is in the cache
  if (status === 429) return said("too many requests: wait, or give a token (option token or HF_TOKEN)", trouble);
  if (status >= 500) return said("the server has trouble: try again later", trouble);
  return said("check the id and the revision");
}
