/** DeBERTa takes passes while it is loaded, and a pass may last (a GPU's, or one that waits for a busy worker): meanwhile nothing is loaded. */
import { expect, test } from "vitest";
import { FolderFiles } from "../../src/files/folder.ts";
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";
import { loadModelWith } from "../../src/models/assemble.ts";
import { FAMILIES } from "../../src/models/families.ts";
import { loadHead } from "../../src/models/heads.ts";
import { openWeights } from "../../src/models/weight-files.ts";
import type { Mat } from "../../src/tensor/mat.ts";
import { nextTurn } from "../../src/tensor/turn.ts";
import type { Linear, WeightMatrix } from "../../src/tensor/weights.ts";
import { fixture } from "../shared.ts";

class SlowBackend extends ReferenceBackend {
  passes = 0;
  #isInPass = false;

  override async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    this.#outsidePass();
    this.#isInPass = true;
    this.passes++;
    const results = await super.pass(body);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    this.#isInPass = false;
    return results;
  }
  override linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    this.#outsidePass();
    return super.linear(weights, bias);
  }
  override constant(data: Float32Array, rows: number, cols: number): Mat {
    this.#outsidePass();
    return super.constant(data, rows, cols);
  }
  #outsidePass(): void {
    if (this.#isInPass) throw new Error("inside a pass");
  }
}

test("layers that are read at once from a disk are not loaded inside the passes of one another", async () => {
  const backend = new SlowBackend();
  const kit = { families: FAMILIES, createBackend: async () => ({ backend }), openWeights, loadHead };
  const model = await loadModelWith(kit, new FolderFiles(fixture("tiny/deberta-v2-nli")));
  expect(backend.passes).toBeGreaterThan(1);
  model.dispose();
});
