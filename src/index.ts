/**
 * hummingbert: the public names, and the only barrel. Everything else is reached by its own path inside this repository.
 *
 *   SentenceEncoder, CrossEncoder    sentence-transformers' habit       pipeline(task, model)   transformers' habit
 *   loadModel, Tokenizer             the engine                         parseSafetensors, ...   the file format
 */

export {
  ConfigError,
  DisposedError,
  DownloadError,
  FormatError,
  ShapeError,
  UnsupportedError,
  WeightError,
} from "./errors.ts";
export type { LoadOptions, ModelSource, Progress } from "./files/types.ts";
export { useCompiledKernels } from "./kernels/wasm/compiled.ts";
export { enableExperimentalSimd } from "./kernels/wasm/experimental.ts";
export { type EngineInfo, engineInfo } from "./kernels/wasm/features.ts";
export { loadModel } from "./models/load-model.ts";
export type { ForwardOptions, Model, ModelInput, ModelOptions, ModelOutput } from "./models/types.ts";
export { openSafetensors, parseSafetensors, serializeSafetensors } from "./safetensors/index.ts";
export type { ByteSource, DType, Safetensors, TensorEntry } from "./safetensors/types.ts";
export type { Answer } from "./tasks/answer-spans.ts";
export { type CommunityDetectionOptions, communityDetection } from "./tasks/community-detection.ts";
export { CrossEncoder, type PredictOptions, type Ranked, type RankOptions } from "./tasks/cross-encoder.ts";
export type { AggregationStrategy, GroupedEntity, TokenEntity } from "./tasks/entities.ts";
export type { FeatureExtraction, FeatureExtractionOptions } from "./tasks/feature-extraction.ts";
export type { Fill, FillMask, FillMaskOptions } from "./tasks/fill-mask.ts";
export { type ParaphraseMiningOptions, paraphraseMining } from "./tasks/paraphrase-mining.ts";
export { pipeline, type Tasks } from "./tasks/pipeline.ts";
export { type QuantizeOptions, quantizeEmbeddings, type VectorPrecision } from "./tasks/quantize-embeddings.ts";
export type { Question, QuestionAnswering, QuestionAnsweringOptions } from "./tasks/question-answering.ts";
export { type SearchHit, type SemanticSearchOptions, semanticSearch } from "./tasks/semantic-search.ts";
export { type EncodeTextOptions, SentenceEncoder } from "./tasks/sentence-encoder.ts";
export type { SentenceSimilarity, SentenceSimilarityInput } from "./tasks/sentence-similarity.ts";
export type { Label, TextClassification, TextClassificationOptions } from "./tasks/text-classification.ts";
export type { TextRanking, TextRankingInput } from "./tasks/text-ranking.ts";
export type { TokenClassification, TokenClassificationOptions } from "./tasks/token-classification.ts";
export type { ZeroShot, ZeroShotClassification, ZeroShotOptions } from "./tasks/zero-shot-classification.ts";
export type { Device } from "./tensor/device.ts";
export type { Tensor } from "./tensor/shape.ts";
export { type EncodeOptions, type Encoding, Tokenizer } from "./tokenizers/tokenizer.ts";
