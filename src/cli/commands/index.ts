/** The commands, in the order in which --help lists them. */
import type { Command } from "../command.ts";
import { answer } from "./answer.ts";
import { bench } from "./bench.ts";
import { classify } from "./classify.ts";
import { completion } from "./completion.ts";
import { embed } from "./embed.ts";
import { fillMask } from "./fill-mask.ts";
import { help } from "./help.ts";
import { inspect } from "./inspect.ts";
import { ner } from "./ner.ts";
import { pull } from "./pull.ts";
import { quantize } from "./quantize.ts";
import { rerank } from "./rerank.ts";
import { search } from "./search.ts";
import { similarity } from "./similarity.ts";
import { tokenize } from "./tokenize.ts";
import { zeroShot } from "./zero-shot.ts";

export const COMMANDS: readonly Command[] = [
  embed,
  classify,
  ner,
  answer,
  fillMask,
  zeroShot,
  rerank,
  similarity,
  search,
  tokenize,
  inspect,
  quantize,
  pull,
  bench,
  completion(() => COMMANDS),
  help(() => COMMANDS),
];
