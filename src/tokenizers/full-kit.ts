/**
 * Everything that a tokenizer.json may name: BERT's components and those of all other families.
 */

import { check } from "../checks.ts";
import { UnsupportedError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { bertKit, namedToken } from "./bert-kit.ts";
import { ByteLevelPreTokenizer, byteLevelDecoder } from "./byte-level.ts";
import { Charsmap } from "./charsmap.ts";
import type { Decoder, Normalizer, PreTokenizer } from "./component.ts";
import * as decoders from "./decoders.ts";
import { type Kit, make } from "./kit.ts";
import { readLegacyFiles } from "./legacy-files.ts";
import * as normalizers from "./normalizers.ts";
import { readPattern } from "./pattern.ts";
import * as pre from "./pre-tokenizers.ts";
import { bpeModel, unigramModel, wordLevelModel } from "./read-models.ts";
import { PLAIN_TEMPLATE, robertaTemplate, type Template, type Trim } from "./template.ts";
import { trimOffsets } from "./trim-offsets.ts";
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
    Strip: (json) => normalizers.strip(json.flag("strip_left"), json.flag("strip_right")),
    Nmt: () => normalizers.nmt,
    Replace: (json) => normalizers.replace(readPattern(json), json.text("content")),
    Prepend: (json) => normalizers.prepend(json.text("prepend")),
    ByteLevel: () => normalizers.byteLevel,
    Precompiled: (json) => new Charsmap(json.text("precompiled_charsmap")),
    Sequence: (json, kit) => normalizers.sequence(makeAll<Normalizer>("normalizer", kit.normalizers, json.list("normalizers"), kit)),
  },
  preTokenizers: {
    ...bertKit.preTokenizers,
    ByteLevel: (json) => new ByteLevelPreTokenizer(json.flag("add_prefix_space"), json.flag("use_regex", true)),
    Whitespace: pre.whitespace,
    WhitespaceSplit: () => pre.whitespaceSplit,
    Punctuation: (json) => pre.punctuation(behaviorOf(json, "Isolated")),
    Digits: (json) => pre.digits(json.flag("individual_digits")),
    CharDelimiterSplit: (json) => pre.delimiterSplit(json.text("delimiter")),
    FixedLength: (json) => pre.fixedLength(json.id("length", { fallback: 5 })),
    Split: (json) => pre.splitAt(pre.regexFinder(readPattern(json)), behaviorOf(json), json.flag("invert")),
    Metaspace: (json) => {
      const { replacement, scheme } = metaspaceOptions(json);
      return pre.metaspace(replacement, scheme, json.flag("split", true));
    },
    Sequence: (json, kit) => pre.sequence(makeAll<PreTokenizer>("pre_tokenizer", kit.preTokenizers, json.list("pretokenizers"), kit)),
  },
  models: { ...bertKit.models, BPE: bpeModel, Unigram: unigramModel, WordLevel: wordLevelModel },
  postProcessors: {
    ...bertKit.postProcessors,
    RobertaProcessing: (json) => robertaTemplate(namedToken(json, "cls"), namedToken(json, "sep"), trimsOf(json)),
    ByteLevel: (json) => ({ ...PLAIN_TEMPLATE, trims: trimsOf(json) }),
    Sequence: (json, kit) => sequenceTemplate(json.list("processors"), kit),
  },
  decoders: {
    ...bertKit.decoders,
    ByteLevel: () => byteLevelDecoder,
    Metaspace: (json) => {
      const { replacement, scheme } = metaspaceOptions(json);
      return decoders.metaspaceDecoder(replacement, scheme !== "never");
    },
    BPEDecoder: (json) => decoders.bpeDecoder(json.text("suffix")),
    ByteFallback: () => decoders.byteFallbackDecoder,
    Fuse: () => decoders.fuseDecoder,
    Strip: (json) => decoders.stripDecoder(json.text("content"), json.id("start"), json.id("stop")),
    Replace: (json) => decoders.replaceDecoder(readPattern(json), json.text("content")),
    CTC: (json) => decoders.ctcDecoder(json.text("pad_token"), json.text("word_delimiter_token"), json.flag("cleanup")),
    Sequence: (json, kit) => decoders.sequenceDecoder(makeAll<Decoder>("decoder", kit.decoders, json.list("decoders"), kit)),
  },
};

function makeAll<T>(stage: string, factories: Parameters<typeof make<T>>[1], steps: readonly unknown[], kit: Kit): T[] {
  return steps.map((step) => {
    const made = make(stage, factories, step, kit);
    check(made !== undefined, `${stage} Sequence`, "components", step);
    return made;
  });
}

function behaviorOf(json: Fields, fallback?: pre.Behavior): pre.Behavior {
  const named = json.text("behavior", { fallback });
  const behavior = pre.BEHAVIORS.find((name) => name === named);
  if (behavior === undefined) throw json.mismatch("behavior", `one of ${pre.BEHAVIORS.join(", ")}`);
  return behavior;
}

/** `add_prefix_space: false` is how older files write `prepend_scheme: "never"`. */
function metaspaceOptions(json: Fields): { readonly replacement: string; readonly scheme: pre.PrependScheme } {
  const replacement = json.text("replacement");
  if (Array.from(replacement).length !== 1) throw json.mismatch("replacement", "one character");
  const scheme = json.text("prepend_scheme", { fallback: json.flag("add_prefix_space", true) ? "always" : "never" });
  if (scheme !== "first" && scheme !== "never" && scheme !== "always") {
    throw json.mismatch("prepend_scheme", "first, never or always");
  }
  return { replacement, scheme };
}

/** RoBERTa's and ByteLevel's trimming of offsets. */
function trimsOf(json: Fields): Trim[] {
  const trim = trimOffsets(json.flag("add_prefix_space"));
  return json.flag("trim_offsets") ? [trim] : [];
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
