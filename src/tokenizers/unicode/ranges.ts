/**
 * Sets of code points as strings: runs in ascending order, separated by spaces, each "gap" or "gap-length" in base 36,
 * where gap counts from the end of the previous run and length is the number of further code points in the run.
 * "0-v 2o-w" is U+0000..001F and U+0077..0097. Strings of this form compress to about a kilobyte a table.
 */

/** First and last code point of each run, one after the other: [first0, last0, first1, last1, ...]. */
export function decodeRanges(text: string): Int32Array {
  const runs = text.split(" ");
  const bounds = new Int32Array(runs.length * 2);
  let last = 0;
  runs.forEach((run, i) => {
    const [gap, more] = run.split("-");
    const first = last + Number.parseInt(gap!, 36);
    last = first + (more === undefined ? 0 : Number.parseInt(more, 36));
    bounds[2 * i] = first;
    bounds[2 * i + 1] = last;
  });
  return bounds;
}

/** Whether `codePoint` lies in one of the runs: binary search. */
export function inRanges(bounds: Int32Array, codePoint: number): boolean {
  let low = 0;
  let high = bounds.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (codePoint > bounds[2 * middle + 1]!) low = middle + 1;
    else high = middle;
  }
  return 2 * low < bounds.length && codePoint >= bounds[2 * low]!;
}
