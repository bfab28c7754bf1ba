"""PyTorch (transformers' BertModel, sdpa attention) behind the protocol of worker.ts: a JSON object a line in, a JSON object a line out.

Weights come from the same safetensors file; int8 weights (`weight_scale` beside `weight`) are multiplied out.
Usage: python pytorch.py OPTIONS_AS_JSON   (needs: pip install torch transformers safetensors)
"""
import json
import os
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

options = json.loads(sys.argv[1])
torch.set_num_threads(options["threads"])
torch.set_num_interop_threads(1)
config = BertConfig.from_pretrained(options["model"], attn_implementation="sdpa")
model = BertModel(config, add_pooling_layer=False).eval()
tensors = {k.removeprefix("bert."): v for k, v in load_file(os.path.join(options["model"], "model.safetensors")).items()}
floats = {k: v.float() * tensors[k + "_scale"] if k + "_scale" in tensors else v.float() for k, v in tensors.items() if not k.endswith("_scale")}
missing, _ = model.load_state_dict(floats, strict=False)
if any("position_ids" not in name for name in missing):
    sys.exit(f"pytorch.py: {options['model']} lacks {missing}")


@torch.inference_mode()
def embed(batch):
    S = max(map(len, batch))
    ids = torch.tensor([text + [0] * (S - len(text)) for text in batch])
    mask = torch.tensor([[1] * len(text) + [0] * (S - len(text)) for text in batch])
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weights = mask.unsqueeze(-1).float()
    return torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    start, cpu, calls = time.perf_counter(), time.process_time(), 0
    while True:
        vectors = [vector for batch in request["batches"] for vector in embed(batch)]
        calls += 1
        if (time.perf_counter() - start) * 1000 >= request["atLeastMs"]:
            break
    reply = {"wall": (time.perf_counter() - start) * 1000 / calls, "cpu": (time.process_time() - cpu) * 1000 / calls, "calls": calls}
    if request["wantsVectors"]:
        reply["vectors"] = [vector.tolist() for vector in vectors]
    print(json.dumps(reply), flush=True)
