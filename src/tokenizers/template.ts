/**
 * Post-processors as one thing, a template: which special tokens stand where around sequence A (and B), with which type ids.
 *
 *   BERT      [CLS] A [SEP]   and  [CLS] A [SEP] B [SEP]       (types 0 0 0 1 1)
 *   RoBERTa   <s> A </s>      and  <s> A </s> </s> B </s>      (types all 0)
 *
 * TemplateProcessing spells its template out in tokenizer.json; BertProcessing and RobertaProcessing are fixed ones; without a post-processor
 * it is "A B".
 */

export interface SpecialPart {
  readonly kind: "special";
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly typeId: number;
}
export interface SequencePart {
  readonly kind: "sequence";
  readonly sequence: 0 | 1;
  readonly typeId: number;
}
export type TemplatePart = SpecialPart | SequencePart;

/** A token's range in the text, made smaller (trim-offsets.ts). `isFirst`: the token is the first of its window. */
export type Trim = (text: string, token: string, start: number, end: number, isFirst: boolean) => [start: number, end: number];

export interface Template {
  readonly single: readonly TemplatePart[];
  readonly pair: readonly TemplatePart[];
  /** RoBERTa's and ByteLevel's `trim_offsets`; with both in a Sequence each takes its share, as in the reference. */
  readonly trims: readonly Trim[];
  /**
   * Type ids in overflowing windows: the template's, or the sequence's own number. TemplateProcessing sets those of the first window only,
   * RobertaProcessing too where it adds no special tokens.
   */
  readonly overflowTypeIds: "template" | "sequence" | "sequence without special tokens";
}

const A: SequencePart = { kind: "sequence", sequence: 0, typeId: 0 };
const B = (typeId: number): SequencePart => ({ kind: "sequence", sequence: 1, typeId });
const special = (id: number, token: string, typeId: number): SpecialPart => ({ kind: "special", ids: [id], tokens: [token], typeId });

export const PLAIN_TEMPLATE: Template = { single: [A], pair: [A, B(1)], trims: [], overflowTypeIds: "template" };

type Named = readonly [token: string, id: number];

export function bertTemplate([cls, clsId]: Named, [sep, sepId]: Named): Template {
  const single = [special(clsId, cls, 0), A, special(sepId, sep, 0)];
  return { single, pair: [...single, B(1), special(sepId, sep, 1)], trims: [], overflowTypeIds: "template" };
}

export function robertaTemplate([cls, clsId]: Named, [sep, sepId]: Named, trims: readonly Trim[]): Template {
  const end = special(sepId, sep, 0);
  const single = [special(clsId, cls, 0), A, end];
  return { single, pair: [...single, end, B(0), end], trims, overflowTypeIds: "sequence without special tokens" };
}

/** Special tokens that the template adds. */
export function addedBy(parts: readonly TemplatePart[]): number {
  return parts.reduce((count, part) => count + (part.kind === "special" ? part.ids.length : 0), 0);
}
