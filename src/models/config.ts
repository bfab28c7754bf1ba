/**
 * config.json: its fields (fields.ts), and what several families read of it.
 */

import { UnsupportedError } from "../errors.ts";
import { Fields } from "../fields.ts";
import { objectOf, parseJson } from "../files/json.ts";

export class Config extends Fields {
  /** Where it was read from, for error sentences. */
  readonly label: string;

  /** @throws FormatError where `values` are no object */
  constructor(values: unknown, label: string) {
    super(objectOf(values, "config.json", label), `config.json of ${label}`, ": ");
    this.label = label;
  }

  /** @throws FormatError when the bytes are not JSON */
  static parse(bytes: Uint8Array, label: string): Config {
    return new Config(parseJson(bytes, "config.json", label), label);
  }

  /** Number of classes K: the entries of id2label, else num_labels, else 2 (transformers' default). */
  get classes(): number {
    const labels = this.object("id2label");
    return labels ? Object.keys(labels).length : this.integer("num_labels", { fallback: 2 });
  }

  /** The error for something that this engine does not do. */
  unsupported(what: string): UnsupportedError {
    return new UnsupportedError(`${this.prefix}${what} is not supported`);
  }
}
