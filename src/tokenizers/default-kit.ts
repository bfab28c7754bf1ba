/**
 * Which kit the Tokenizer class reads files with. A bundle that only ever meets BERT's tokenizers can put bert-kit.ts's `bertKit` in the place of
 * this module's export and is 11 KB (gzip) smaller.
 */

export { fullKit as defaultKit } from "./full-kit.ts";
