/** config.json's reader and the choice of an architecture: what is found, and the sentence when it is not. */
import { describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../../src/errors.ts";
import { Config } from "../../src/models/config.ts";
import { architectureOf, FAMILIES } from "../../src/models/families.ts";

const config = (values: Record<string, unknown>) => new Config(values, "./model");

describe("Config", () => {
  test("takes the first spelling that is there; null is absent", () => {
    expect(config({ hidden_size: null, dim: 24 }).integer(["hidden_size", "dim"])).toBe(24);
    expect(config({ n_heads: 3 }).integer(["num_attention_heads", "n_heads"])).toBe(3);
    expect(config({}).positive("layer_norm_eps", { fallback: 1e-12 })).toBe(1e-12);
    expect(config({ tie_word_embeddings: false }).flag("tie_word_embeddings", true)).toBe(false);
  });

  test.each([
    [{ hidden_size: "wide" }, 'hidden_size: expected an integer of at least 1, found "wide"'],
    [{ hidden_size: 0 }, "hidden_size: expected an integer of at least 1, found 0"],
    [{ hidden_size: 2.5 }, "hidden_size: expected an integer of at least 1, found 2.5"],
    [{}, "hidden_size or dim: expected an integer of at least 1, found nothing"],
    [{ dim: [1] }, "dim: expected an integer of at least 1, found [1]"],
  ])("%j is a sentence", (values, sentence) => {
    const read = () => config(values).integer(["hidden_size", "dim"]);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`config.json of ./model: ${sentence}`);
  });

  test("classes: id2label, num_labels, then two", () => {
    expect(config({ id2label: { 0: "a", 1: "b", 2: "c" }, num_labels: 9 }).classes).toBe(3);
    expect(config({ num_labels: 1 }).classes).toBe(1);
    expect(config({}).classes).toBe(2);
  });

  test("bytes that are no JSON object are a FormatError", () => {
    const parse = (text: string) => Config.parse(new TextEncoder().encode(text), "./model");
    expect(() => parse("{")).toThrow(FormatError);
    expect(() => parse("[1]")).toThrow("expected a JSON object, found [1]");
    expect(parse('{"hidden_size": 4}').integer("hidden_size")).toBe(4);
  });
});

describe("architectureOf", () => {
  test.each([
    [{ model_type: "bert", architectures: ["BertForMaskedLM"] }, undefined, "BertForMaskedLM"],
    [{ model_type: "bert", architectures: ["BertForMaskedLM"] }, "BertModel", "BertModel"],
    [{ model_type: "bert", architectures: ["BertForMaskedLM"] }, "Model", "BertModel"],
    [{ model_type: "xlm-roberta" }, undefined, "XLMRobertaModel"],
    [{ architectures: ["DistilBertForQuestionAnswering"] }, undefined, "DistilBertForQuestionAnswering"],
    [{ model_type: "camembert", architectures: ["CamembertForTokenClassification"] }, undefined, "CamembertForTokenClassification"],
  ])("%j, %s -> %s", (values, wanted, name) => {
    expect(architectureOf(config(values), wanted).name).toBe(name);
  });

  test.each([
    [
      { model_type: "gpt2", architectures: ["GPT2LMHeadModel"] },
      undefined,
      'model_type "gpt2" is not supported; supported are bert, distilbert',
    ],
    [
      { model_type: "bert", architectures: ["BertLMHeadModel"] },
      undefined,
      'the architecture "BertLMHeadModel" with model_type "bert" is not supported',
    ],
    [{ model_type: "distilbert" }, "DistilBertForNextSentencePrediction", "supported are DistilBertModel"],
    [{}, undefined, 'the architecture "Model" without model_type is not supported'],
    [{ model_type: "bert" }, "__proto__", 'the architecture "__proto__"'],
  ])("%j, %s is a ConfigError", (values, wanted, sentence) => {
    expect(() => architectureOf(config(values), wanted)).toThrow(ConfigError);
    expect(() => architectureOf(config(values), wanted)).toThrow(sentence);
  });

  test("no two families share a model_type", () => {
    expect(new Set(FAMILIES.map(({ modelType }) => modelType)).size).toBe(FAMILIES.length);
  });
});
