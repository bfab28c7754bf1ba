/**
 * Everything that a tokenizer.json may name: BERT's components and those of all other families.
 */

import { check, unexpected } from "../checks.ts";
import { UnsupportedError } from "../errors.ts";
import { bertKit } from "./bert-kit.ts";
import { ByteLevelPreTokenizer, byteLevelDecoder } from "./byte-level.ts";
import { Charsmap } from "./charsmap.ts";
import type { Decoder, Normalizer, PreTokenizer } from "./component.ts";
import * as decoders from "./decoders.ts";
import { asArray, asBoolean, asId, asString, type JsonObject } from "./json.ts";
import { type Kit, make } from "./kit.ts";
import { readLegacyFiles } from "./legacy-files.ts";
import * as normalizers from "./normalizers.ts";
import { readPattern } from "./pattern.ts";
import * as pre from "./pre-tokenizers.ts";
import { bpeModel, unigramModel, wordLevelModel } from "./read-models.ts";
import { PLAIN_TEMPLATE, type Template } from "./template.ts";
import { composed, decomposed } from "./unicode-normalizers.ts";

const normalForm = (compatibly: boolean, compose: boolean): Normalizer => ({
  apply: (text) => (compose ? composed : decomposed)(text, compatibly),
});

export const fullKit: Kit = {
  legacy: { names: "vocab.txt, or vocab.json with merges.txt", read: readLegacyFiles },
  normalizers: {
    ...bertKit.normalizers,
    NFC: () => normalForm(false, true),
    NFD: () => normalForm(false, false),
    NFKC: () => normalForm(true, true),
    NFKD: () => normalForm(true, false),
    Lowercase: () => normalizers.lowercase,
    StripAccents: () => normalizers.stripAccents(),
    Strip: (json) => normalizers.strip(asBoolean(json.strip_left, "Strip.strip_left"), asBoolean(json.strip_right, "Strip.strip_right")),
    Nmt: () => normalizers.nmt,
    Replace: (json) => normalizers.replace(readPattern(json.pattern, "Replace.pattern"), asString(json.content, "Replace.content")),
    Prepend: (json) => normalizers.prepend(asString(json.prepend, "Prepend.prepend")),
    ByteLevel: () => normalizers.byteLevel,
    Precompiled: (json) => new Charsmap(asString(json.precompiled_charsmap, "Precompiled.precompiled_charsmap")),
    Sequence: (json, kit) => normalizers.sequence(makeAll<Normalizer>("normalizer", kit.normalizers, json.normalizers, kit)),
  },
  preTokenizers: {
    ...bertKit.preTokenizers,
    ByteLevel: (json) =>
      new ByteLevelPreTokenizer(
        asBoolean(json.add_prefix_space, "ByteLevel.add_prefix_space"),
        asBoolean(json.use_regex, "ByteLevel.use_regex", true),
      ),
    Whitespace: () => pre.whitespace,
    WhitespaceSplit: () => pre.whitespaceSplit,
    Punctuation: (json) => pre.punctuation(behaviorOf(json.behavior ?? "Isolated")),
    Digits: (json) => pre.digits(asBoolean(json.individual_digits, "Digits.individual_digits")),
    CharDelimiterSplit: (json) => pre.delimiterSplit(asString(json.delimiter, "CharDelimiterSplit.delimiter")),
    FixedLength: (json) => pre.fixedLength(asId(json.length ?? 5, "FixedLength.length")),
    Split: (json) =>
      pre.splitAt(
        pre.regexFinder(readPattern(json.pattern, "Split.pattern").source),
        behaviorOf(json.behavior),
        asBoolean(json.invert, "Split.invert"),
      ),
    Metaspace: (json) => {
      const { replacement, scheme } = metaspaceOptions(json);
      return pre.metaspace(replacement, scheme, asBoolean(json.split ?? true, "Metaspace.split"));
    },
    Sequence: (json, kit) => pre.sequence(makeAll<PreTokenizer>("pre_tokenizer", kit.preTokenizers, json.pretokenizers, kit)),
  },
  models: { ...bertKit.models, BPE: bpeModel, Unigram: unigramModel, WordLevel: wordLevelModel },
  postProcessors: {
    ...bertKit.postProcessors,
    ByteLevel: byteLevelTemplate,
    Sequence: (json, kit) => sequenceTemplate(asArray(json.processors, "post_processor.processors"), kit),
  },
  decoders: {
    ...bertKit.decoders,
    ByteLevel: () => byteLevelDecoder,
    Metaspace: (json) => {
      const { replacement, scheme } = metaspaceOptions(json);
      return decoders.metaspaceDecoder(replacement, scheme !== "never");
    },
    BPEDecoder: (json) => decoders.bpeDecoder(asString(json.suffix, "BPEDecoder.suffix")),
    ByteFallback: () => decoders.byteFallbackDecoder,
    Fuse: () => decoders.fuseDecoder,
    Strip: (json) =>
      decoders.stripDecoder(asString(json.content, "Strip.content"), asId(json.start, "Strip.start"), asId(json.stop, "Strip.stop")),
    Replace: (json) => decoders.replaceDecoder(readPattern(json.pattern, "Replace.pattern"), asString(json.content, "Replace.content")),
    CTC: (json) =>
      decoders.ctcDecoder(
        asString(json.pad_token, "CTC.pad_token"),
        asString(json.word_delimiter_token, "CTC.word_delimiter_token"),
        asBoolean(json.cleanup, "CTC.cleanup"),
      ),
    Sequence: (json, kit) => decoders.sequenceDecoder(makeAll<Decoder>("decoder", kit.decoders, json.decoders, kit)),
  },
};

function makeAll<T>(stage: string, factories: Parameters<typeof make<T>>[1], json: unknown, kit: Kit): T[] {
  return asArray(json, `${stage} Sequence`).map((step) => {
    const made = make(stage, factories, step, kit);
    check(made !== undefined, `${stage} Sequence`, "components", step);
    return made;
  });
}

function behaviorOf(json: unknown): pre.Behavior {
  const behavior = pre.BEHAVIORS.find((name) => name === json);
  if (behavior === undefined) throw unexpected("pre_tokenizer.behavior", `one of ${pre.BEHAVIORS.join(", ")}`, json);
  return behavior;
}

/** `add_prefix_space: false` is how older files write `prepend_scheme: "never"`. */
function metaspaceOptions(json: JsonObject): { readonly replacement: string; readonly scheme: pre.PrependScheme } {
  const replacement = asString(json.replacement, "Metaspace.replacement");
  if (Array.from(replacement).length !== 1) throw unexpected("Metaspace.replacement", "one character", replacement);
  const scheme = json.prepend_scheme ?? (json.add_prefix_space === false ? "never" : "always");
  if (scheme !== "first" && scheme !== "never" && scheme !== "always") {
    throw unexpected("Metaspace.prepend_scheme", "first, never or always", scheme);
  }
  return { replacement, scheme };
}

function byteLevelTemplate(json: JsonObject): Template {
  const addPrefixSpace = asBoolean(json.add_prefix_space, "post_processor.add_prefix_space");
  return asBoolean(json.trim_offsets, "post_processor.trim_offsets") ? { ...PLAIN_TEMPLATE, trims: [{ addPrefixSpace }] } : PLAIN_TEMPLATE;
}

/** ByteLevel only trims offsets; beside it there is room for one post-processor that adds tokens. */
function sequenceTemplate(steps: readonly unknown[], kit: Kit): Template {
  const templates = steps.map((step) => make("post_processor", kit.postProcessors, step, kit) ?? PLAIN_TEMPLATE);
  const adding = templates.filter((template) => template.single !== PLAIN_TEMPLATE.single);
  if (adding.length > 1) {
    throw new UnsupportedError(
      `tokenizer.json: the post_processor Sequence has ${adding.length} steps that add tokens; one is known here.`,
    );
  }
  return { ...(adding[0] ?? PLAIN_TEMPLATE), trims: templates.flatMap((template) => template.trims) };
}
