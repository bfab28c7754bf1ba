/** `using` disposes of every kind of model, here and in a worker, and its type says so to programs. */
import { describe, expect, test } from "vitest";
import { DisposedError, loadModel, type Model, SentenceEncoder } from "../../src/index.ts";
import { fixture } from "../shared.ts";

const folder = fixture("tiny/bert");

describe.skipIf(Symbol.dispose === undefined)("using", () => {
  test.each([false, true])("a model, worker: %s", async (worker) => {
    let kept: Model;
    {
      using model = await loadModel(folder, { device: "reference", worker });
      kept = model;
      await model.forward([{ ids: [1] }]);
    }
    await expect(kept.forward([{ ids: [1] }])).rejects.toBeInstanceOf(DisposedError);
  });

  test("an encoder's model", async () => {
    const encoder = await SentenceEncoder.load(fixture("pipelines/encoder"), { device: "reference" });
    {
      using _model: Model = encoder.model;
    }
    await expect(encoder.encode("a")).rejects.toBeInstanceOf(DisposedError);
  });
});
