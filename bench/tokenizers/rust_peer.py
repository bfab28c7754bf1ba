"""MB/s of the Rust library `tokenizers` on one thread, for the texts on stdin (JSON: {tokenizer, corpora: [{name, paragraphs, bytes}], rounds}).

CPU time, best round. Paragraphs are encoded one by one, as the other tokenizers are. Install: pip install tokenizers==0.23.3
"""

import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer  # noqa: E402

task = json.load(sys.stdin)
tokenizer = Tokenizer.from_file(task["tokenizer"])
tokenizer.no_padding()
tokenizer.no_truncation()
result = {}
for corpus in task["corpora"]:
    best = float("inf")
    count = 0
    for _ in range(task["rounds"]):
        start = time.process_time()
        count = 0
        for paragraph in corpus["paragraphs"]:
            encoding = tokenizer.encode(paragraph)
            # The bindings hand over what is asked for; ours has made it all by now.
            count += len(encoding.ids) + len(encoding.offsets) + len(encoding.tokens)
        best = min(best, time.process_time() - start)
    result[corpus["name"]] = {"seconds": best, "bytes": corpus["bytes"], "tokens": count // 3}
json.dump(result, sys.stdout)
