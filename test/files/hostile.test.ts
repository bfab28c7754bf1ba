/** Servers that answer wrongly: lengths and ranges that lie, bodies that never end, compressed parts, files that change, redirects to strangers. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DownloadError } from "../../src/errors.ts";
import { MemorySink } from "../../src/files/memory-sink.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import { UrlFiles } from "../../src/files/url-files.ts";

const file = Uint8Array.from({ length: 4_500_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255);
/** A range beyond the first block of 4 MiB. */
const [FROM, TO] = [4_300_000, 4_400_000];
const json = new TextEncoder().encode(JSON.stringify({ words: Array.from({ length: 3000 }, (_, i) => `word${i}`) }));
const quick = { attempts: 3, backOffMs: 5, silenceMs: 10_000 };

type Answer = (range: [from: number, to: number] | undefined, response: ServerResponse, request: IncomingMessage) => void;
let servers: Server[];
let asked: string[];
beforeEach(() => {
  servers = [];
  asked = [];
});
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(...answers: Answer[]): Promise<string> {
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.range ?? ""}`.trim());
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const range = match === null ? undefined : ([Number(match[1]), match[2] ? Number(match[2]) + 1 : Number.POSITIVE_INFINITY] as const);
    (answers.length > 1 ? answers.shift() : answers[0])!(range && [...range], response, request);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a good server does, with more headers. */
function good(bytes = file, headers: Record<string, string> = {}): Answer {
  return (range, response) => {
    if (range === undefined) return void response.writeHead(200, { "Content-Length": bytes.length, ...headers }).end(bytes);
    const [from, to] = [range[0], Math.min(range[1], bytes.length)];
    response.writeHead(206, { "Content-Range": `bytes ${from}-${to - 1}/${bytes.length}`, ...headers }).end(bytes.subarray(from, to));
  };
}
/** Sends a head and some bytes, then cuts the connection. */
function cut(status: number, headers: Record<string, string | number>, bytes: Uint8Array): Answer {
  return (_, response) => {
    response.writeHead(status, headers);
    response.write(bytes, () => setTimeout(() => response.destroy(), 10));
  };
}
const files = (base: string, token?: string) =>
  new UrlFiles(base, {
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    progress: new DownloadProgress(undefined),
    signal: undefined,
    network: quick,
  });
const read = async (base: string) => Buffer.compare(await files(base).read("x.bin"), file);
const readRange = async (base: string, from: number, to: number) => {
  const source = await files(base).open("x.bin");
  return Buffer.compare(await source.read(from, to), file.subarray(from, to));
};

it("a Content-Length that is too long: the rest is asked for, and does not come", async () => {
  const headers = { "Content-Length": String(file.length + 5) };
  await expect(read(await serve(cut(200, headers, file), good()))).rejects.toThrow(DownloadError);
});

it("a Content-Length that is too short", async () => {
  const short: Answer = (_, response) => {
    const { socket } = response;
    socket?.end(Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), file]));
  };
  const bytes = await files(await serve(short)).read("x.bin");
  expect(bytes).toEqual(file.slice(0, 1000)); // HTTP ends the file there; what follows is nobody's
});

it("a range from another place than asked for", async () => {
  const wrong: Answer = (_, response) =>
    response.writeHead(206, { "Content-Range": `bytes 7-4499999/${file.length}` }).end(file.subarray(7));
  await expect(read(await serve(cut(200, { "Content-Length": file.length }, file.subarray(0, 500)), wrong))).rejects.toThrow(
    /asked 127.* for the bytes from 0 on, got them from 7 on/,
  );
  await expect(readRange(await serve(good(), wrong), FROM, TO)).rejects.toThrow(DownloadError);
});

it("a range of a file of another size", async () => {
  const other: Answer = (_, response) => response.writeHead(206, { "Content-Range": "bytes 4194304-4999999/5000000" }).end(file);
  await expect(readRange(await serve(good(), other), FROM, TO)).rejects.toThrow(/expected 4500000 bytes, 127.* sent 5000000/);
});

it("less than the range that was asked for: the rest is fetched", async () => {
  const piecemeal: Answer = (range, response, request) =>
    good()(range && [range[0], Math.min(range[1], range[0] + 1_000_000)], response, request);
  expect(await readRange(await serve(piecemeal), 0, file.length)).toBe(0);
});

it("more than the range that was asked for", async () => {
  const greedy: Answer = (range, response, request) => good()(range && [range[0], file.length], response, request);
  await expect(readRange(await serve(good(), greedy), 100_000, 150_000)).rejects.toThrow(DownloadError);
});

it("the whole file instead of a range in its middle", async () => {
  const never: Answer = (_, response, request) => good()(undefined, response, request);
  expect(await readRange(await serve(never), FROM, TO)).toBe(0); // known at the first request: the file is kept
  expect(asked).toHaveLength(1);
  await expect(readRange(await serve(good(), never), FROM, TO)).rejects.toThrow(/did ranges before, and now does not/);
});

it("ranges without a Content-Range, as a page sees those of another origin: the file is fetched whole", async () => {
  const hidden: Answer = (range, response, request) => {
    const { writeHead } = response;
    response.writeHead = ((status: number) => writeHead.call(response, status)) as typeof writeHead;
    good()(range, response, request);
  };
  expect(await readRange(await serve(hidden), FROM, TO)).toBe(0);
  expect(asked).toEqual(["/x.bin bytes=0-65535", "/x.bin"]);
});

it("compressed bodies, whole, cut, and in parts", async () => {
  const zipped = gzipSync(json);
  const headers = { "Content-Encoding": "gzip", "Content-Length": String(zipped.length) };
  const whole: Answer = (_, response) => response.writeHead(200, headers).end(zipped);
  const parts = good(zipped, { "Content-Encoding": "gzip" });
  expect(Buffer.compare(await files(await serve(whole)).read("x.json"), json)).toBe(0);
  expect(Buffer.compare(await files(await serve(cut(200, headers, zipped.subarray(0, 3000)), parts, whole)).read("x.json"), json)).toBe(0);
  const source = await files(await serve(parts)).open("x.json");
  expect(Buffer.compare(await source.read(0, json.length), json)).toBe(0);
});

it("a file that changes between two ranges, its size unchanged", async () => {
  const [old, young] = ['"1"', '"2"'].map((ETag) => good(file, { ETag }));
  await expect(readRange(await serve(old!, young!), FROM, TO)).rejects.toThrow(/x.bin of .* changed while it was read/);
  expect(await readRange(await serve(old!, good()), FROM, TO)).toBe(0); // no ETag says nothing
});

it("a file that changes, its size too, after a cut: from the start", async () => {
  const old = cut(200, { "Content-Length": 600_000, ETag: '"1"' }, new Uint8Array(500_000));
  expect(await read(await serve(old, good(file, { ETag: '"2"' })))).toBe(0);
});

it("an empty file, for which a range is refused", async () => {
  const empty: Answer = (range, response) =>
    range ? response.writeHead(416, { "Content-Range": "bytes */0" }).end() : response.writeHead(200, { "Content-Length": 0 }).end();
  expect(await files(await serve(empty)).read("x.bin")).toHaveLength(0);
  await expect(files(await serve(empty)).open("x.bin")).rejects.toThrow(/answered 416/);
});

it("a body without end", async () => {
  const endless: Answer = (range, response) => {
    response.writeHead(range ? 206 : 200, range ? { "Content-Range": `bytes ${range[0]}-${range[1] - 1}/${file.length}` } : {});
    const timer = setInterval(() => response.write(file), 1);
    response.on("close", () => clearInterval(timer));
  };
  await expect(readRange(await serve(endless), 0, 10)).rejects.toThrow(/expected 65536 bytes/);
  const controller = new AbortController();
  const reading = files(await serve(endless)).read("x.bin", controller.signal);
  setTimeout(() => controller.abort(new Error("enough")), 50);
  await expect(reading).rejects.toThrow("enough");
  const sink = new MemorySink();
  sink.write(file);
  expect(() => sink.write({ length: 2 ** 32 } as Uint8Array)).toThrow(/more than 4 GiB/);
});

it("a token does not follow a redirect to another host", async () => {
  const tokens: (string | undefined)[] = [];
  const stranger = await serve((range, response, request) => {
    tokens.push(request.headers.authorization);
    good()(range, response, request);
  });
  const base = await serve((_, response, request) => {
    tokens.push(request.headers.authorization);
    response.writeHead(302, { Location: stranger.replace("127.0.0.1", "localhost") + request.url }).end();
  });
  const source = await files(base, "secret").open("x.bin");
  expect(Buffer.compare(await source.read(FROM, TO), file.subarray(FROM, TO))).toBe(0);
  expect(tokens).toEqual(["Bearer secret", undefined, "Bearer secret", undefined]);
});

it("a server that goes away in the middle of a file and comes back is waited for", async () => {
  const comeBack = () => void servers[0]!.listen(Number(new URL(base).port), "127.0.0.1");
  const goAway: Answer = (range, response, request) => {
    servers[0]!.close(); // takes no more connections
    setTimeout(comeBack, 40);
    cut(200, { "Content-Length": file.length }, file.subarray(0, 500_000))(range, response, request);
  };
  const base = await serve(goAway, good());
  expect(await read(base)).toBe(0);
  expect(asked).toEqual(["/x.bin", expect.stringMatching(/^\/x.bin bytes=\d+-$/)]);
});

it.each(["seconds", "a date"])("Retry-After in %s is waited for", async (form) => {
  // A date has whole seconds: 1.6 seconds ahead is at least 0.6 seconds ahead in it.
  const after = () => (form === "seconds" ? "1" : new Date(Date.now() + 1600).toUTCString());
  const busy: Answer = (_, response) => response.writeHead(503, { "Retry-After": after() }).end();
  const begin = performance.now();
  expect(await read(await serve(busy, good()))).toBe(0);
  expect(performance.now() - begin).toBeGreaterThan(500);
});

it("redirects without end", async () => {
  await expect(read(await serve((_, response) => response.writeHead(302, { Location: "/x.bin" }).end()))).rejects.toThrow(DownloadError);
});
