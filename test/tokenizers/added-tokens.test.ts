/** Finding added tokens, against its definition on texts made of their parts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AddedToken, AddedTokenFinder } from "../../src/tokenizers/added-tokens.ts";

const plain = { singleWord: false, lstrip: false, rstrip: false, normalized: false, special: false };

function find(contents: readonly string[], text: string, flags: Partial<AddedToken> = {}): string[] {
  const tokens = contents.map((content, id) => ({ ...plain, ...flags, id, content }));
  const finder = new AddedTokenFinder(tokens, ({ content }) => content);
  return finder.find((i) => text.charCodeAt(i), text.length).flatMap(({ token, from, to }) => (token ? [text.slice(from, to)] : []));
}

test("the leftmost wins, then the longest: as trying all of them at each place", () => {
  const parts = fc.constantFrom("a", "b", "ab", " ", "😀", "\ud83d", "中");
  const texts = fc.array(parts, { minLength: 1, maxLength: 4 }).map((list) => list.join(""));
  fc.assert(
    fc.property(fc.uniqueArray(texts, { maxLength: 8 }), fc.array(parts, { maxLength: 40 }), (contents, list) => {
      const text = list.join("");
      const expected: string[] = [];
      for (let i = 0; i < text.length; ) {
        const [longest] = contents.filter((content) => text.startsWith(content, i)).sort((a, b) => b.length - a.length);
        if (longest) expected.push(longest);
        i += longest?.length ?? 1;
      }
      expect(find(contents, text)).toEqual(expected);
    }),
  );
});

test("single words: half a character pair touches nothing, and is no part of what stands beside it", () => {
  expect(find(["é"], "é 𐐀é é𐐀 😀é😀 _é é1 é\ud83d中 中\ude00é", { singleWord: true })).toEqual(["é", "é", "é", "é"]);
});
