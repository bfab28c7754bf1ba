/**
 * EncoderModel: a loaded model. forward checks its input, queues, runs pass after pass, and gives one Tensor a text.
 * For tasks it also offers computeHidden: one queued pass whose hidden states are worked on inside the pass (pooling, similarity).
 */

import { checkOptions } from "../checks.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { CallQueue } from "../tensor/queue.ts";
import type { Sequences } from "../tensor/sequences.ts";
import type { Config } from "./config.ts";
import type { EncoderSizes } from "./encoder.ts";
import type { Architecture } from "./family.ts";
import { checkInputs, checkRows, planPasses, tokenBatch, tokensPerPass } from "./input.ts";
import { appendPass, checkChoices, emptyOutput, groupChoices } from "./output.ts";
import { type ModelParts, runPass } from "./pass.ts";
import type { ForwardOptions, Model, ModelInput, ModelOutput } from "./types.ts";
import { makeUsable } from "./using.ts";

/** What loading found out besides the weights. */
export interface ModelFacts {
  readonly architecture: Architecture;
  readonly config: Config;
  readonly dtype: "f32" | "w8";
  readonly unusedTensors: readonly string[];
  readonly deviceReason: string;
}

export class EncoderModel implements Model {
  declare [Symbol.dispose]: () => void;
  readonly architecture: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly device: string;
  readonly deviceReason: string;
  readonly dtype: "f32" | "w8";
  readonly unusedTensors: readonly string[];
  readonly #sizes: EncoderSizes;
  readonly #logitsPerToken: number;
  readonly #isMultipleChoice: boolean;
  readonly #queue: CallQueue<ModelParts>;

  constructor(parts: ModelParts, { architecture, config, dtype, unusedTensors, deviceReason }: ModelFacts) {
    this.architecture = architecture.name;
    this.config = config.values;
    this.device = parts.backend.name;
    this.deviceReason = deviceReason;
    this.dtype = dtype;
    this.unusedTensors = unusedTensors;
    this.#sizes = parts.encoder.sizes;
    this.#logitsPerToken = parts.heads.reduce((sum, { floatsPerToken }) => sum + floatsPerToken, 0);
    this.#isMultipleChoice = architecture.kind === "ForMultipleChoice";
    this.#queue = new CallQueue(`${architecture.name} of ${config.label}`, parts, ({ backend }) => backend.dispose());
  }

  get backend(): Backend {
    return this.#queue.resource.backend;
  }

  /** Hidden size C: the length of a token's vector. */
  get hiddenSize(): number {
    return this.#sizes.C;
  }

  /** Most tokens a text may have; Infinity where the family has no limit. */
  get maxLength(): number {
    return this.#sizes.maxLength;
  }

  /**
   * The model's outputs for each text of the batch; the same bits alone and in any batch.
   * @throws ShapeError for ids, lengths or typeIds the model has no rows for; DisposedError; the signal's reason
   */
  async forward(batch: readonly ModelInput[], options: ForwardOptions = {}): Promise<ModelOutput> {
    checkOptions(options);
    checkInputs(batch, this.#sizes);
    const { rows, choices = Math.max(1, batch.length), hiddenStates, attentions, signal } = options;
    if (this.#isMultipleChoice) checkChoices(choices, batch.length);
    if (rows) checkRows(rows, batch);
    // Everything is copied now: the caller may change its lists while the call waits.
    const budget = tokensPerPass(this.device);
    const passes = planPasses(batch, (S) => this.#floatsOf(S, options), budget).map(({ first, count }) => {
      const tokens = tokenBatch(batch.slice(first, first + count));
      return { tokens, chosen: rows && chooseRows(rows.slice(first, first + count), tokens.sequences) };
    });
    const output = await this.#queue.run(async (parts, pause) => {
      const output = emptyOutput(parts, options);
      for (const [i, { tokens, chosen }] of passes.entries()) {
        if (i > 0) await pause();
        const result = await runPass(parts, tokens, { hiddenStates, attentions, rows: chosen?.rows });
        appendPass(output, parts, tokens, result, chosen?.counts);
      }
      return output;
    }, signal);
    if (this.#isMultipleChoice && output.logits) output.logits = groupChoices(output.logits, choices);
    return output;
  }

  /**
   * One queued pass: `body` gets the last hidden state [T, C] inside the pass and returns the Mats whose values are wanted.
   * @throws as forward
   */
  async computeHidden(
    batch: readonly ModelInput[],
    body: (backend: Backend, hidden: Mat, sequences: Sequences) => readonly Mat[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Float32Array[]> {
    checkInputs(batch, this.#sizes);
    const tokens: TokenBatch = tokenBatch(batch);
    return this.#queue.run(
      ({ backend, encoder }) => backend.pass(() => body(backend, encoder.forward(backend, tokens, {}), tokens.sequences)),
      signal,
    );
  }

  dispose(): void {
    this.#queue.dispose();
  }

  /** Floats that a text of S tokens returns: what a pass must hold at once. */
  #floatsOf(S: number, { hiddenStates, attentions, rows }: ForwardOptions): number {
    const { C, L, H } = this.#sizes;
    const perToken = C * (hiddenStates ? L + 2 : 1) + (rows ? 0 : this.#logitsPerToken);
    return S * perToken + (attentions ? L * H * S * S : 0);
  }
}

/** Rows of the batch for positions of its texts, and how many each text has. */
function chooseRows(rows: readonly (readonly number[])[], sequences: Sequences): { rows: Int32Array; counts: number[] } {
  const flat = rows.flatMap((positions, b) => positions.map((position) => sequences.cuSeqlens[b]! + position));
  return { rows: Int32Array.from(flat), counts: rows.map((positions) => positions.length) };
}

makeUsable(EncoderModel);
