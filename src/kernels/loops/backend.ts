/** LoopsBackend: what the whole library adds to CoreLoopsBackend: rotary embeddings, and attention with relative terms. */
import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Rotary } from "../../tensor/rotate.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { rotate } from "../reference/rotate.ts";
import { attention } from "./attention.ts";
import { bindTerms } from "./attention-terms.ts";
import { CoreLoopsBackend } from "./core-backend.ts";

export class LoopsBackend extends CoreLoopsBackend {
  protected override computeRotate(out: Mat, x: Mat, rotary: Rotary): void {
    rotate(out, x, rotary);
  }
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    const alloc = (rows: number, cols: number) => this.alloc(rows, cols);
    this.frame(() => {
      const termsOf = options.relative?.length && bindTerms(alloc, options.relative, sequences.maxS, q.cols / options.heads);
      attention(alloc, out, q, k, v, sequences, options, termsOf || undefined);
    });
  }
}
