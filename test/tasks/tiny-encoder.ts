/** A sentence encoder with weights made here, so that tests of behaviour need no file: a static table of 2 dimensions a word, mean pooling. */

import { serializeSafetensors } from "../../src/safetensors/index.ts";
import { SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";

export const WORDS = ["[UNK]", "red", "green", "blue"];
/** One row a word. */
export const TABLE = [
  [0, 0],
  [1, 0],
  [0, 2],
  [-3, -4],
];

export function staticModelFiles(modules: readonly string[] = ["StaticEmbedding"]): Map<string, Uint8Array> {
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const table = Float32Array.from(TABLE.flat());
  return new Map([
    [
      "modules.json",
      json(
        modules.map((name, idx) => ({ idx, name, path: idx === 0 ? "" : `${idx}_${name}`, type: `sentence_transformers.models.${name}` })),
      ),
    ],
    [
      "tokenizer.json",
      json({
        version: "1.0",
        truncation: null,
        padding: null,
        added_tokens: [],
        normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
        pre_tokenizer: { type: "BertPreTokenizer" },
        post_processor: null,
        decoder: { type: "WordPiece", prefix: "##", cleanup: true },
        model: {
          type: "WordPiece",
          unk_token: "[UNK]",
          continuing_subword_prefix: "##",
          max_input_chars_per_word: 100,
          vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
        },
      }),
    ],
    [
      "model.safetensors",
      serializeSafetensors(
        new Map([["embedding.weight", { dtype: "F32" as const, shape: [WORDS.length, 2], data: new Uint8Array(table.buffer) }]]),
      ),
    ],
  ]);
}

export function staticEncoder(modules?: readonly string[]): Promise<SentenceEncoder> {
  return SentenceEncoder.load(staticModelFiles(modules), { device: "reference" });
}
