/**
 * Everything that a tokenizer.json may name.
 */

import { bertKit } from "./bert-kit.ts";
import type { Kit } from "./kit.ts";

export const fullKit: Kit = bertKit;
