/**
 * From a label per token to named entities: the four ways of transformers' token-classification pipeline.
 *
 *   simple              tokens with the same tag are joined, a B- starts a new entity
 *   first|average|max   first one label a word (its first token's, the mean of its tokens' scores, its most certain token's), then as simple
 *
 * A tag is what follows "B-" or "I-"; plain tags count as I-. An entity's score is the mean of its parts.
 * Nothing here knows of models: scores come in as [S][K] after the softmax.
 */

import { argmax } from "./scores.ts";

export type AggregationStrategy = "none" | "simple" | "first" | "average" | "max";

export interface TokenEntity {
  entity: string;
  score: number;
  index: number;
  word: string;
  start: number;
  end: number;
}

export interface GroupedEntity {
  entity_group: string;
  score: number;
  word: string;
  start: number;
  end: number;
}

/** One token of the text (special tokens are left out) with its scores over the K labels. */
export interface ScoredToken {
  readonly word: string;
  readonly scores: readonly number[];
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** It continues the word of the token before. */
  readonly isSubword: boolean;
}

type Labelled = Pick<TokenEntity, "entity" | "score" | "word" | "start" | "end">;
/** Joins token strings to text as the tokenizer's decoder does. */
type Join = (tokens: readonly string[]) => string;

/** "none": every token with its best label. */
export function tokenEntities(tokens: readonly ScoredToken[], labels: readonly string[]): TokenEntity[] {
  return tokens.map(({ word, scores, index, start, end }) => {
    const best = argmax(scores);
    return { entity: labels[best]!, score: scores[best]!, index, word, start, end };
  });
}

/** Entities in the order of the text, those labelled "O" among them: the caller filters. */
export function groupedEntities(
  tokens: readonly ScoredToken[],
  labels: readonly string[],
  strategy: Exclude<AggregationStrategy, "none">,
  join: Join,
): GroupedEntity[] {
  const parts: Labelled[] =
    strategy === "simple" ? tokenEntities(tokens, labels) : wordsOf(tokens).map((word) => labelWord(word, labels, strategy, join));
  const groups: Labelled[][] = [];
  for (const part of parts) {
    const group = groups.at(-1);
    const previous = group?.at(-1);
    if (previous && tagOf(previous.entity) === tagOf(part.entity) && !part.entity.startsWith("B-")) group!.push(part);
    else groups.push([part]);
  }
  return groups.map((group) => ({
    entity_group: afterDash(group[0]!.entity),
    score: mean(group.map(({ score }) => score)),
    word: join(group.map(({ word }) => word)),
    start: group[0]!.start,
    end: group.at(-1)!.end,
  }));
}

/**
 * Entities of overlapping windows, each stretch of text once: of two that overlap the longer stays, of equally long ones the more certain.
 * A window's entity that starts inside the one kept before it counts as overlapping.
 */
export function mergeOverlapping<Entity extends { score: number; start: number; end: number }>(entities: readonly Entity[]): Entity[] {
  const sorted = [...entities].sort((a, b) => a.start - b.start);
  const merged: Entity[] = [];
  let kept = sorted[0];
  if (kept === undefined) return merged;
  for (const entity of sorted) {
    if (kept.start <= entity.start && entity.start < kept.end) {
      const longer = entity.end - entity.start - (kept.end - kept.start);
      if (longer > 0 || (longer === 0 && entity.score > kept.score)) kept = entity;
    } else {
      merged.push(kept);
      kept = entity;
    }
  }
  merged.push(kept);
  return merged;
}

/** Tokens by word: a token that is no sub-word starts a new one. */
function wordsOf(tokens: readonly ScoredToken[]): ScoredToken[][] {
  const words: ScoredToken[][] = [];
  for (const token of tokens) {
    if (token.isSubword && words.length > 0) words.at(-1)!.push(token);
    else words.push([token]);
  }
  return words;
}

function labelWord(tokens: readonly ScoredToken[], labels: readonly string[], strategy: "first" | "average" | "max", join: Join): Labelled {
  const scores = wordScores(tokens, strategy);
  const best = argmax(scores);
  return {
    entity: labels[best]!,
    score: scores[best]!,
    word: join(tokens.map(({ word }) => word)),
    start: tokens[0]!.start,
    end: tokens.at(-1)!.end,
  };
}

/** One row of scores for a word: [K]. */
function wordScores(tokens: readonly ScoredToken[], strategy: "first" | "average" | "max"): readonly number[] {
  switch (strategy) {
    case "first":
      return tokens[0]!.scores;
    case "max":
      return tokens[argmax(tokens.map(({ scores }) => Math.max(...scores)))]!.scores;
    case "average":
      return tokens[0]!.scores.map((_, k) => mean(tokens.map(({ scores }) => scores[k]!)));
  }
}

function tagOf(label: string): string {
  return label.startsWith("B-") || label.startsWith("I-") ? label.slice(2) : label;
}

/** The group's name is what follows the first dash, whatever stands before it ("S-PER" groups as PER). */
function afterDash(label: string): string {
  return label.slice(label.indexOf("-") + 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
