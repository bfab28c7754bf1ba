/** The small parts of the tasks by themselves: heaps, scores, labels, spans, entities, batches. Expected values are worked out by hand or by sorting. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerList, bestSpans } from "../../src/tasks/answer-spans.ts";
import { groupedEntities, mergeOverlapping, type ScoredToken } from "../../src/tasks/entities.ts";
import { entailmentId, labelsOf } from "../../src/tasks/labels.ts";
import { poolingOf } from "../../src/tasks/pooling.ts";
import { argmax, softmax } from "../../src/tasks/scores.ts";
import { usualFunction } from "../../src/tasks/text-classification.ts";
import { batchesOf } from "../../src/tasks/token-batches.ts";
import { TopK } from "../../src/tasks/top-k.ts";
import { labelScores } from "../../src/tasks/zero-shot-classification.ts";

describe("TopK", () => {
  test("NaN is above every number, as in torch.topk, whatever the order of arrival", () => {
    const list = [1, Number.NaN, 3, Number.NaN, 2, Number.POSITIVE_INFINITY].map((score, id) => ({ score, id }));
    fc.assert(
      fc.property(fc.shuffledSubarray(list, { minLength: list.length }), fc.integer({ min: 1, max: 6 }), (shuffled, k) => {
        const heap = new TopK(k);
        for (const { score, id } of shuffled) heap.push(score, id);
        expect(heap.sorted().map(({ id }) => id)).toEqual([1, 3, 5, 2, 4, 0].slice(0, k)); // torch.topk of the list: indices
      }),
    );
  });
  test("is what sorting gives, whatever the order of arrival", () => {
    const items = fc.array(fc.record({ score: fc.integer({ min: -5, max: 5 }), id: fc.nat() }), { maxLength: 60 });
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 20 }), (list, k) => {
        const unique = [...new Map(list.map((item) => [item.id, item])).values()];
        const heap = new TopK(k);
        for (const { score, id } of unique) heap.push(score, id);
        const sorted = unique.sort((a, b) => b.score - a.score || a.id - b.id).slice(0, k);
        expect(heap.sorted()).toEqual(sorted);
        expect(heap.threshold).toBe(sorted.length < k ? Number.NEGATIVE_INFINITY : sorted.at(-1)!.score);
      }),
    );
  });
});

describe("scores", () => {
  test("softmax of large logits does not overflow", () => {
    expect(softmax([1000, 1000])).toEqual([0.5, 0.5]);
    expect(softmax([-1e38, 0])).toEqual([0, 1]);
  });
  test("argmax takes the first of equals", () => {
    expect(argmax([1, 3, 3])).toBe(1);
  });
  test("the usual function by problem type and number of labels", () => {
    expect(usualFunction({}, 1)).toBe("sigmoid");
    expect(usualFunction({}, 2)).toBe("softmax");
    expect(usualFunction({ problem_type: "multi_label_classification" }, 5)).toBe("sigmoid");
    expect(usualFunction({ problem_type: "regression" }, 1)).toBe("none");
  });
});

describe("labels", () => {
  test("from id2label, from num_labels, or transformers' two", () => {
    expect(labelsOf({ id2label: { "1": "b", "0": "a" } })).toEqual(["a", "b"]);
    expect(labelsOf({ num_labels: 3 })).toEqual(["LABEL_0", "LABEL_1", "LABEL_2"]);
    expect(labelsOf({})).toHaveLength(2);
  });
  test("entailment in any case and order, -1 without one", () => {
    expect(entailmentId({ label2id: { CONTRADICTION: 0, Entailment: 2 } })).toBe(2);
    expect(entailmentId({ id2label: { 0: "entail", 1: "not" } })).toBe(0);
    expect(entailmentId({ label2id: { yes: 0 } })).toBe(-1);
  });
  test("zero-shot: contradiction is the first class, or the last where entailment is the first", () => {
    const logits = [Float32Array.of(0, 5, Math.log(3))];
    expect(labelScores(logits, 2, true)[0]).toBeCloseTo(0.75, 6); // 3 / (1 + 3)
    expect(labelScores(logits, 0, true)[0]).toBeCloseTo(0.25, 6);
    expect(labelScores(logits, -1, true)[0]).toBeCloseTo(0.75, 6);
  });
});

describe("answer spans", () => {
  const all = [true, false, true, true, true];
  test("start before end, no longer than allowed, the classification token out", () => {
    const start = [9, 9, 1, 0, 2];
    const end = [9, 9, 0, 3, 1];
    const { spans, noAnswer } = bestSpans(start, end, all, 3, 2);
    const exp = (logit: number) => Math.exp(logit - 9);
    const startSum = 1 + exp(1) + exp(0) + exp(2);
    const endSum = 1 + exp(0) + exp(3) + exp(1);
    expect(noAnswer).toBeCloseTo(1 / (startSum * endSum), 12);
    expect(spans.map(({ start, end }) => [start, end])).toEqual([
      [2, 3],
      [3, 3],
      [4, 4],
    ]);
    expect(spans[0]!.score).toBeCloseTo((exp(1) * exp(3)) / (startSum * endSum), 15);
  });
  test("the same text in any case is one answer, its scores add", () => {
    const list = new AnswerList();
    list.add(0.3, 0, 3, "One");
    list.add(0.35, 8, 11, "two");
    list.add(0.1, 4, 7, "ONE");
    expect(list.best(5)).toEqual([
      { score: 0.4, start: 0, end: 3, answer: "One" },
      { score: 0.35, start: 8, end: 11, answer: "two" },
    ]);
    expect(list.best(1, 0.9)).toEqual([{ score: 0.9, start: 0, end: 0, answer: "" }]);
  });
});

describe("entities", () => {
  const labels = ["O", "B-PER", "I-PER", "S-LOC"];
  const token = (word: string, start: number, label: number, isSubword = false): ScoredToken => ({
    word,
    scores: labels.map((_, k) => (k === label ? 0.7 : 0.1)),
    index: start,
    start,
    end: start + word.length,
    isSubword,
  });
  const join = (words: readonly string[]) => words.join(" ");

  test("B- starts a new entity, I- continues, the group's name is what follows the dash", () => {
    const tokens = [token("Ann", 0, 1), token("Lee", 4, 2), token("Bo", 8, 1), token("in", 11, 0), token("Rome", 14, 3)];
    const groups = groupedEntities(tokens, labels, "simple", join);
    expect(groups.map(({ entity_group, word }) => [entity_group, word])).toEqual([
      ["PER", "Ann Lee"],
      ["PER", "Bo"],
      ["O", "in"],
      ["LOC", "Rome"],
    ]);
  });
  test("first, max and average decide a word", () => {
    const pieces: ScoredToken[] = [
      { ...token("mic", 0, 1), scores: [0.3, 0.4, 0.2, 0.1] },
      { ...token("ro", 3, 0, true), scores: [0.9, 0.0, 0.05, 0.05] },
    ];
    const entityOf = (strategy: "first" | "max" | "average") => groupedEntities(pieces, labels, strategy, join)[0]!;
    expect(entityOf("first")).toMatchObject({ entity_group: "PER", score: 0.4, start: 0, end: 5 });
    expect(entityOf("max")).toMatchObject({ entity_group: "O", score: 0.9 });
    expect(entityOf("average").score).toBeCloseTo(0.6, 12);
  });
  test("of overlapping windows the longer entity stays, then the more certain", () => {
    const entity = (start: number, end: number, score: number) => ({ start, end, score });
    expect(mergeOverlapping([entity(0, 3, 0.9), entity(10, 14, 0.5), entity(0, 5, 0.1), entity(10, 14, 0.6), entity(14, 15, 0.2)])).toEqual(
      [entity(0, 5, 0.1), entity(10, 14, 0.6), entity(14, 15, 0.2)],
    );
    expect(mergeOverlapping([])).toEqual([]);
  });
});

describe("batches", () => {
  test("keep the order, hold at most the budget, and a longer item comes alone", async () => {
    const collect = async (sizes: number[], budget: number) => {
      const batches: number[][] = [];
      for await (const batch of batchesOf(sizes, (size) => size, budget)) batches.push(batch);
      return batches;
    };
    expect(await collect([3, 3, 3, 9, 1, 1], 6)).toEqual([[3, 3], [3], [9], [1, 1]]);
    expect(await collect([], 6)).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50 })), fc.integer({ min: 1, max: 60 }), async (sizes, budget) => {
        const batches = await collect(sizes, budget);
        expect(batches.flat()).toEqual(sizes);
        for (const batch of batches) expect(batch.length === 1 || batch.reduce((a, b) => a + b, 0) <= budget).toBe(true);
      }),
    );
  });
});

describe("pooling configurations", () => {
  test("both spellings, and the mean where none is set", () => {
    expect(poolingOf({ pooling_mode: ["lasttoken", "cls"] }, "x").modes).toEqual(["lasttoken", "cls"]);
    expect(poolingOf({ pooling_mode_mean_tokens: true, pooling_mode_cls_token: true }, "x").modes).toEqual(["cls", "mean"]);
    expect(poolingOf({ pooling_mode_mean_tokens: false, include_prompt: false }, "x")).toEqual({ modes: ["mean"], includePrompt: false });
    expect(() => poolingOf({ pooling_mode: "median" }, "some folder")).toThrow(
      /pooling mode of some folder: expected one of "cls", "max", "mean".* found "median"/,
    );
  });
});
