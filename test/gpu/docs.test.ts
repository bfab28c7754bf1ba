/** The documentation's code for WebGPU, as it stands: Dawn answers where a browser would. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { blocksOf, clearBlocks, linesPrintedBy, writeBlock } from "../docs/blocks.ts";
import { pages } from "../docs/pages.ts";
import { dawn } from "./dawn.ts";

const blocks = pages.flatMap(blocksOf).filter(({ info }) => info === "gpu");

beforeAll(() => {
  clearBlocks();
  vi.stubGlobal("navigator", { gpu: dawn() });
});
afterAll(() => {
  vi.unstubAllGlobals();
});

it("there is such code", () => expect(blocks.length).toBeGreaterThan(0));

it.each(blocks.map((block) => [`${block.file}:${block.line}`, block] as const))("%s runs", async (_, block) => {
  expect(await linesPrintedBy(writeBlock(block))).toEqual(["webgpu"]);
});
