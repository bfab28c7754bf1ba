"""MODEL_FOLDER INPUT: a process of its own up to the first vector of { ids } (PyTorch with transformers, one thread; no tokenizer: in the peer's favour)."""
import json
import resource
import sys

import torch
from transformers import AutoModel

torch.set_num_threads(1)
ids = json.loads(sys.argv[2])["ids"]
model = AutoModel.from_pretrained(sys.argv[1], attn_implementation="sdpa").eval()
with torch.inference_mode():
    model(input_ids=torch.tensor([ids])).last_hidden_state.mean(1)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": (used.ru_utime + used.ru_stime) * 1000, "peakMB": used.ru_maxrss * 1024 / 1e6}), flush=True)
