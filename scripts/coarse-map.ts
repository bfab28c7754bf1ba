/**
 * A source map with one mapping for each line of source that code stems from, instead of one for each token: a stack trace names the same
 * lines, and the map has a quarter of the size. (Columns become those of the line's first token.)
 */
import { decode, encode, type SourceMapSegment } from "@jridgewell/sourcemap-codec";

interface SourceMap {
  mappings: string;
  names: string[];
}

/** @param map the text of a .map file; its names are dropped, too: only locals are renamed, which no stack names */
export function coarseMap(map: string): string {
  const parsed = JSON.parse(map) as SourceMap;
  return JSON.stringify({ ...parsed, names: [], mappings: encode(decode(parsed.mappings).map(firstOfEachLine)) });
}

function firstOfEachLine(segments: readonly SourceMapSegment[]): SourceMapSegment[] {
  const kept: SourceMapSegment[] = [];
  let source = -1;
  let line = -1;
  for (const segment of segments) {
    if (segment.length === 1 || (segment[1] === source && segment[2] === line)) continue;
    [, source, line] = segment;
    kept.push([segment[0], source, line, segment[3]]);
  }
  return kept;
}
