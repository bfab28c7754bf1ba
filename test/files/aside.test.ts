/** Large reads in the thread pool: the bytes of a readSync, whatever lies side by side; a file that is closed while it is being read; one that is too short. */
import { fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { AsideReads } from "../../src/files/aside.ts";
import { openFile } from "../../src/files/folder.ts";

const folder = mkdtempSync(join(tmpdir(), "hummingbert-aside-"));
const path = join(folder, "file");
const content = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 2654435761) >>> 24);
writeFileSync(path, content);
afterAll(() => rmSync(folder, { recursive: true }));

const never = () => {
  throw new Error("nothing is left out here");
};

it("fills neighbours, gaps and overlaps in any order, shared memory too", async () => {
  const reads = new AsideReads(openSync(path, "r"), never);
  const wanted = [
    [1_000_000, 500_000],
    [0, 1_000_000],
    [1_500_000, 7],
    [2_000_000, 200_000],
    [2_100_000, 300_000],
  ] as const;
  const targets = wanted.map(([, length], i) => new Uint8Array(i % 2 ? new SharedArrayBuffer(length) : new ArrayBuffer(length)));
  await Promise.all(wanted.map(([position], i) => reads.read(targets[i]!, position)));
  for (const [i, [position, length]] of wanted.entries()) {
    expect(Buffer.from(targets[i]!).equals(content.subarray(position, position + length)), String(i)).toBe(true);
  }
  reads.close();
});

it("what the system leaves out is read on this thread", async () => {
  const left: number[][] = [];
  const reads = new AsideReads(openSync(path, "r"), (target, position) => left.push([target.length, position]));
  const [first, second] = [new Uint8Array(150_000), new Uint8Array(150_000)];
  await Promise.all([reads.read(first, 2_900_000), reads.read(second, 3_050_000)]);
  expect(left).toEqual([
    [50_000, 3_000_000],
    [150_000, 3_050_000],
  ]);
  reads.close();
});

it("closes after the last read", async () => {
  const fd = openSync(path, "r");
  const reads = new AsideReads(fd, never);
  const target = new Uint8Array(content.length);
  const reading = reads.read(target, 0);
  reads.close();
  expect(fstatSync(fd).size).toBe(content.length);
  await reading;
  expect(Buffer.from(target).equals(content)).toBe(true);
  expect(() => fstatSync(fd)).toThrow(/EBADF/); // at once: somebody else may get the number
});

it("a file that ends too early, and one that is closed, are sentences", async () => {
  const file = openFile(path, never);
  await expect(file.read(2_500_000, 3_500_000)).rejects.toThrow(/ends at byte 3000000; expected 500000 more/);
  file.close?.();
  file.close?.();
  await expect(file.read(0, 1_000_000)).rejects.toThrow(/was closed/);
});
