/**
 * hummingbert/slim: SentenceEncoder for a page that embeds with one BERT: families, tokenizers and backends that it does not use stay out of the bundle.
 *
 *   import { SentenceEncoder } from "hummingbert/slim";
 *   const encoder = await SentenceEncoder.load("https://example.org/models/all-MiniLM-L6-v2");
 *
 * Here: BERT (MiniLM, BGE, E5, ...), WordPiece, wasm on one thread and loops, a URL or a Map of files. Not here: other families and tokenizers, the Hub and
 * its cache, folders, weights in several files, vocab.txt without tokenizer.json, threads, Dense and LayerNorm modules, static embeddings. The vectors have the bits of the full library's.
 */

import { checkOptions, throwIfAborted } from "./checks.ts";
import { ConfigError, UnsupportedError } from "./errors.ts";
import { openMemory } from "./files/memory.ts";
import { openUrl } from "./files/open-url.ts";
import type { LoadOptions, ModelFiles, ModelSource } from "./files/types.ts";
import { createSlimBackend } from "./kernels/choose-slim.ts";
import { loadModelWith, type ModelKit } from "./models/assemble.ts";
import { BERT_FAMILY } from "./models/bert-family.ts";
import { openWeightFile } from "./models/weight-file.ts";
import { openSentenceModel, type SentenceKit } from "./tasks/open-sentence-model.ts";
import { loadNormalize } from "./tasks/sentence-modules.ts";
import { SentenceVectors } from "./tasks/sentence-vectors.ts";
import { bertKit } from "./tokenizers/bert-kit.ts";
import { readTokenizerFiles } from "./tokenizers/files.ts";
import { TextTokenizer } from "./tokenizers/text-tokenizer.ts";

export { ConfigError, DisposedError, DownloadError, FormatError, ShapeError, UnsupportedError, WeightError } from "./errors.ts";
export type { LoadOptions, ModelSource, Progress } from "./files/types.ts";
export { useCompiledKernels } from "./kernels/wasm/compiled.ts";
export type { EncodeTextOptions } from "./tasks/sentence-vectors.ts";

const MODEL_KIT: ModelKit = {
  families: [BERT_FAMILY],
  createBackend: createSlimBackend,
  openWeights: (files, signal) => openWeightFile(files, "model.safetensors", signal),
};

const SLIM_KIT: SentenceKit = {
  async loadTokenizer(files, signal) {
    const { parts, tokenizerConfig, specialTokensMap } = await readTokenizerFiles(files, bertKit, signal);
    return new TextTokenizer(parts, tokenizerConfig, specialTokensMap);
  },
  loadBody: {
    transformer: async (files, options) => ({ model: await loadModelWith(MODEL_KIT, files, { ...options, architecture: "Model" }) }),
    static: absent("StaticEmbedding"),
  },
  loadStep: { normalize: loadNormalize, dense: absent("Dense"), layerNorm: absent("LayerNorm") },
};

export class SentenceEncoder extends SentenceVectors {
  /**
   * @param source a URL (in a page also relative to it), or the files
   * @throws ConfigError, UnsupportedError, WeightError, DownloadError about the source
   */
  static async load(source: ModelSource, options: LoadOptions = {}): Promise<SentenceEncoder> {
    checkOptions(options);
    throwIfAborted(options.signal);
    if (options.worker)
      throw new UnsupportedError('worker: true needs "hummingbert"; hummingbert/slim can be imported in a worker of your own');
    const files = openSource(source, options);
    const folder = options.subfolder === undefined ? files : files.subfolder(options.subfolder);
    return new SentenceEncoder(await openSentenceModel(SLIM_KIT, folder, options));
  }
}

function openSource(source: ModelSource, options: LoadOptions): ModelFiles {
  if (typeof source !== "string") return openMemory(source);
  const base = typeof location === "undefined" ? undefined : location.href;
  if (!URL.canParse(source, base)) throw new ConfigError(`${JSON.stringify(source)} is not a URL; Hub ids and folders need "hummingbert"`);
  return openUrl(new URL(source, base).href, options);
}

/** A module that models name and this entry leaves out. */
function absent(module: string) {
  return async (files: ModelFiles): Promise<never> => {
    throw new UnsupportedError(`${files.label}: hummingbert/slim has no ${module} module; import SentenceEncoder from "hummingbert"`);
  };
}
