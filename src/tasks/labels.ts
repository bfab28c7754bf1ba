/**
 * The labels of a classifier, as config.json names them: `id2label`, or the number of labels of `num_labels`, or transformers' default of two.
 * Unnamed labels are called LABEL_0, LABEL_1, ..., as in Python.
 */

type Config = Readonly<Record<string, unknown>>;

/** Label of each class index: [K]. */
export function labelsOf(config: Config): string[] {
  const id2label = config.id2label;
  if (typeof id2label === "object" && id2label !== null) {
    const entries = Object.entries(id2label).map(([id, label]) => [Number(id), String(label)] as const);
    const labels = Array.from({ length: entries.length }, (_, k) => `LABEL_${k}`);
    for (const [id, label] of entries) if (id >= 0 && id < labels.length) labels[id] = label;
    if (labels.length > 0) return labels;
  }
  const K = typeof config.num_labels === "number" ? config.num_labels : 2;
  return Array.from({ length: K }, (_, k) => `LABEL_${k}`);
}

/**
 * The class that means entailment in an NLI model: the first label of `label2id` (else of `id2label`) that starts with "entail", in any case.
 * @returns -1 where none does; Python then takes the last class
 */
export function entailmentId(config: Config): number {
  const label2id = config.label2id;
  const entries: [string, unknown][] =
    typeof label2id === "object" && label2id !== null && Object.keys(label2id).length > 0
      ? Object.entries(label2id)
      : labelsOf(config).map((label, id) => [label, id]);
  const found = entries.find(([label]) => label.toLowerCase().startsWith("entail"));
  return found ? Number(found[1]) : -1;
}
