/**
 * From start and end logits to answers, as transformers' question-answering pipeline.
 *
 *   p(s, e) = softmax(start)_s · softmax(end)_e     over one window; tokens outside the context get the logit -10000
 *
 * The classification token takes part in the softmax (its p is the score of "no answer") and is then set to 0.
 * A span has s <= e and at most `maxAnswerLen` tokens. The softmax is per window: scores of windows are comparable only roughly.
 */

import { softmax } from "./scores.ts";
import { TopK } from "./top-k.ts";

export interface Answer {
  score: number;
  start: number;
  end: number;
  answer: string;
}

export interface Span {
  readonly start: number; // token
  readonly end: number; // token, inclusive
  readonly score: number;
}

const OUTSIDE_CONTEXT = -10_000;

/**
 * The best `count` spans of one window, best first; of equal scores the earlier one.
 * @param isCandidate tokens an answer may start or end with: [S]; the classification token is one
 * @returns also `noAnswer`, the probability that both ends are the first token
 */
export function bestSpans(
  startLogits: ArrayLike<number>,
  endLogits: ArrayLike<number>,
  isCandidate: readonly boolean[],
  count: number,
  maxAnswerLen: number,
): { spans: Span[]; noAnswer: number } {
  const S = isCandidate.length;
  const starts = probabilities(startLogits, isCandidate);
  const ends = probabilities(endLogits, isCandidate);
  const noAnswer = starts[0]! * ends[0]!;
  starts[0] = 0;
  ends[0] = 0;

  // Pairs that are no span (e < s, or too long) compete with score 0, as the zeros of Python's masked S x S product do.
  const best = new TopK(count);
  for (let s = 0; s < S; s++) {
    for (let e = 0; e < S; e++) {
      const score = e >= s && e < s + maxAnswerLen ? starts[s]! * ends[e]! : 0;
      if (score > best.threshold) best.push(score, s * S + e); // of equals the earlier is kept
    }
  }
  const spans = best
    .sorted()
    .map(({ score, id }) => ({ start: Math.floor(id / S), end: id % S, score }))
    .filter(({ start, end }) => isCandidate[start] && isCandidate[end]);
  return { spans, noAnswer };
}

function probabilities(logits: ArrayLike<number>, isCandidate: readonly boolean[]): number[] {
  return softmax(isCandidate.map((candidate, s) => (candidate ? logits[s]! : OUTSIDE_CONTEXT)));
}

/** Collects answers over the windows of one question: the same text (in any case) is one answer, and its scores add up. */
export class AnswerList {
  readonly #answers: Answer[] = [];
  readonly #byText = new Map<string, Answer>();

  add(score: number, start: number, end: number, answer: string): void {
    const key = answer.toLowerCase();
    const known = this.#byText.get(key);
    if (known) {
      known.score += score;
      return;
    }
    const added = { score, start, end, answer };
    this.#byText.set(key, added);
    this.#answers.push(added);
  }

  /** Best first, at most topK; with the empty answer when its score is given. */
  best(topK: number, noAnswer?: number): Answer[] {
    const all = noAnswer === undefined ? this.#answers : [...this.#answers, { score: noAnswer, start: 0, end: 0, answer: "" }];
    return [...all].sort((a, b) => b.score - a.score).slice(0, topK);
  }
}
