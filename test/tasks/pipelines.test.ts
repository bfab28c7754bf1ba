/** A sample of the golden cases of Python's pipelines, from fixtures that every clone has; test/real/tasks.test.ts runs all of them. */

import { describe, vi } from "vitest";
import { fixture } from "../shared.ts";
import { fixtureFolders, readCases } from "./goldens.ts";
import { FILES, runCases } from "./pipeline-cases.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined); // texts that are cut are reported there; see bad-input.test.ts

describe("a sample of the goldens", () => {
  for (const file of FILES) {
    runCases(file, readCases(fixture(`pipelines/cases/${file}.json`)), (model) => fixtureFolders(model.replace("tiny/", "")), "reference");
  }
});
