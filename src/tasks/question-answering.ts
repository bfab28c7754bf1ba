/**
 * question-answering: the span of a context that answers a question, as transformers' pipeline with a fast tokenizer.
 *
 * A context longer than fits is read in windows that share `docStride` tokens; all windows of all questions run as one ragged batch.
 * Spans are widened to whole words; spans of the same text are one answer and their scores add up. Offsets are into the caller's context.
 */

import { check, checkInteger, checkOptions } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import type { Encoding, Tokenizer } from "../tokenizers/tokenizer.ts";
import { type Answer, AnswerList, bestSpans } from "./answer-spans.ts";
import { forwardEach } from "./forward-each.ts";
import { openTask } from "./open-task.ts";

export interface Question {
  question: string;
  context: string;
}

export interface QuestionAnsweringOptions {
  /** Answers, best first; default 1. */
  topK?: number;
  /** Tokens that neighbouring windows share; default half of maxSeqLen, at most 128. */
  docStride?: number;
  /** Tokens of an answer at most; default 15. */
  maxAnswerLen?: number;
  /** Tokens of a window, question included; default the model's length, at most 384. */
  maxSeqLen?: number;
  /** Accepted and without effect, as in Python with fast tokenizers: the question is never cut. */
  maxQuestionLen?: number;
  /** Lets "" (no answer) compete. */
  handleImpossibleAnswer?: boolean;
  /** Widen answers to whole words; default true. */
  alignToWords?: boolean;
  signal?: AbortSignal;
}

export interface QuestionAnswering {
  (input: Question, options?: QuestionAnsweringOptions & { topK?: 1 }): Promise<Answer>;
  (input: Question, options: QuestionAnsweringOptions & { topK: number }): Promise<Answer | Answer[]>;
  (inputs: readonly Question[], options?: QuestionAnsweringOptions): Promise<(Answer | Answer[])[]>;
  dispose(): void;
}

interface WindowLogits {
  readonly start: Float32Array; // S
  readonly end: Float32Array; // S
}

export async function questionAnswering(source?: ModelSource, options?: LoadOptions): Promise<QuestionAnswering> {
  const { model, tokenizer, maxLength } = await openTask("question-answering", source, options);
  const clsId = tokenizer.specialTokens.cls?.id;

  async function answer(inputs: Question | readonly Question[], call: QuestionAnsweringOptions = {}): Promise<unknown> {
    const { topK = 1, maxAnswerLen = 15, maxSeqLen = Math.min(maxLength, 384), signal } = checkOptions(call);
    const { docStride = Math.min(Math.floor(maxSeqLen / 2), 128) } = call;
    checkCall({ topK, maxAnswerLen, maxSeqLen }, docStride, maxSeqLen, model.maxLength);
    const list = (Array.isArray(inputs) ? inputs : [inputs]).map(checkQuestion);
    const windows = list.map((input, i) => windowsOf(tokenizer, input, i, maxSeqLen, docStride));
    const logits = await forwardEach(
      model,
      windows.flat(),
      (output, at): WindowLogits => ({ start: output.startLogits![at]!.data, end: output.endLogits![at]!.data }),
      { signal },
    );
    let first = 0;
    const results = list.map(({ context }, i) => {
      const own = windows[i]!.map((encoding) => ({ encoding, logits: logits[first++]! }));
      const answers = readAnswers(context, own, clsId, { ...call, topK, maxAnswerLen });
      return answers.length === 1 ? answers[0]! : answers;
    });
    return Array.isArray(inputs) ? results : results[0];
  }
  return Object.assign(answer, { dispose: () => model.dispose() }) as QuestionAnswering;
}

/** @throws ConfigError where the question and what windows share leave no room for the context */
function windowsOf(tokenizer: Tokenizer, { question, context }: Question, i: number, maxSeqLen: number, docStride: number): Encoding[] {
  try {
    const encoding = tokenizer.encode(question, context, { truncation: "only_second", maxLength: maxSeqLen, stride: docStride });
    return [encoding, ...encoding.overflowing];
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new ConfigError(
      `question ${i} leaves no room for its context in windows of ${maxSeqLen} tokens that share ${docStride}; shorten it, raise maxSeqLen or lower docStride`,
      { cause },
    );
  }
}

/** The answers of one question over its windows. */
function readAnswers(
  context: string,
  windows: readonly { encoding: Encoding; logits: WindowLogits }[],
  clsId: number | undefined,
  {
    topK,
    maxAnswerLen,
    handleImpossibleAnswer = false,
    alignToWords = true,
  }: QuestionAnsweringOptions & { topK: number; maxAnswerLen: number },
): Answer[] {
  const answers = new AnswerList();
  let noAnswer = Number.POSITIVE_INFINITY;
  for (const { encoding, logits } of windows) {
    const isCandidate = encoding.ids.map((id, t) => encoding.sequenceIds[t] === 1 || id === clsId);
    // Some candidates become the same answer when widened to words, so more are taken than asked for.
    const found = bestSpans(logits.start, logits.end, isCandidate, alignToWords ? 2 * topK + 10 : topK, maxAnswerLen);
    noAnswer = Math.min(noAnswer, found.noAnswer);
    for (const { start, end, score } of found.spans) {
      const [from, to] = textRange(encoding, start, end, alignToWords);
      answers.add(score, from, to, context.slice(from, to));
    }
  }
  return answers.best(topK, handleImpossibleAnswer ? noAnswer : undefined);
}

/** Where tokens start .. end lie in the context; widened to the words they are part of, where both are part of one. */
function textRange(encoding: Encoding, start: number, end: number, alignToWords: boolean): [number, number] {
  const { offsets, wordIds, sequenceIds } = encoding;
  const first = wordIds[start] ?? null;
  const last = wordIds[end] ?? null;
  if (!alignToWords || first === null || last === null) return [offsets[start]![0], offsets[end]![1]];
  const inContext = (word: number | null, t: number) => (sequenceIds[t] === 1 ? word : null);
  const words = wordIds.map(inContext);
  return [offsets[words.indexOf(first)]![0], offsets[words.lastIndexOf(last)]![1]];
}

function checkCall(counts: Record<string, number>, docStride: number, maxSeqLen: number, modelLength: number): void {
  for (const [name, value] of Object.entries(counts)) checkInteger(value, name);
  checkInteger(docStride, "docStride", 0);
  check(docStride <= maxSeqLen, "docStride", `at most maxSeqLen (${maxSeqLen})`, docStride);
  check(maxSeqLen <= modelLength, "maxSeqLen", `at most the ${modelLength} tokens that the model has positions for`, maxSeqLen);
}

function checkQuestion(input: Question, index: number): Question {
  const { question, context } = (input ?? {}) as Partial<Question>;
  for (const [name, value] of Object.entries({ question, context })) {
    check(typeof value === "string" && value !== "", `${name} of input ${index}`, "a string that is not empty", value);
  }
  return { question: question!, context: context! };
}
