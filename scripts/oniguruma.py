"""
What the Rust tokenizers' regular expressions (Oniguruma's) match: test/fixtures/tokenizers/regexes.json.

    python scripts/oniguruma.py [FILE]        needs tokenizers

Each entry: a pattern, a text, and the pieces into which Split (behaviour Isolated) cuts it, as [start, end] in code points.
"""
import json, sys
from tokenizers import Regex, pre_tokenizers

PATTERNS = [
    ".", ".+", "^", "^a", "a$", "$", r"^\s+|\s+$", r"\A\s+", r"\s+\z", r"e\Z", r"\bthe\b", r"\b", r"\w+", r"\W+", r"[\w]+", r"[^\w\s]+", r"[^\s\w]|_",
    r"\d+", r"\D+", r"[\d ]+", r"\h+", r"[^\h]+", r"\S+", r"[^\S\n]+", r"\.", r"[.^$]", r"\p{L}+", r"[^\r\n\p{L}\p{N}]?\p{L}+", r"\s+(?!\S)",
    "(?i:'s|'t|'re|the)", "(?<=a)b", "a+?b", r"\+", r"[\-a]",
]
TEXTS = [
    "", "the cat\nThe a b\r\nend ", "  a\n  b  ", "aab aaab\u2028x\u2029y\rz\x85w", "Éthe théx the", "naïve e\u0301t ab12 ٣٤ ½²Ⅷ", "中文abc日本カ", "😀👍🏽 x_y-z.$^+",
    "don't WE'RE \u017f'\u017f", "a\n", "e\n\n", "the\u0301 the\u200d the_ 1the",
]

cases = []
for pattern in PATTERNS:
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    cases += [[pattern, text, [offsets for _, offsets in split.pre_tokenize_str(text)]] for text in TEXTS]
with open(sys.argv[1] if len(sys.argv) > 1 else "test/fixtures/tokenizers/regexes.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
