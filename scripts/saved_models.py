"""
Tiny models as today's transformers saves them, where that differs from what older versions and the published checkpoints taught: test/fixtures/saved.

    python scripts/saved_models.py [FOLDER]        needs torch, transformers (5.24 when the folders were made), safetensors

Random weights; outputs of the reloaded model in float64 (golden.safetensors, as float32) with PyTorch's own float32 error beside them (golden.json).
"""
import json, os, sys
import torch, transformers as T
from safetensors.torch import save_file

OUT = sys.argv[1] if len(sys.argv) > 1 else "test/fixtures/saved"
SIZES = dict(hidden_size=12, num_attention_heads=3, intermediate_size=10, num_hidden_layers=2, vocab_size=31, max_position_embeddings=24)
DEBERTA = dict(SIZES, position_buckets=4, norm_rel_ebd="layer_norm", position_biased_input=False)
CASES = {
    "gte-prefix": ("GteForSequenceClassification", SIZES, "the encoder under gte., which the published checkpoints have under new."),
    "gte-prefix-mlm": ("GteForMaskedLM", SIZES, "the same before a masked LM"),
    "bert-mlm-two-biases": ("BertForMaskedLM", dict(SIZES, tie_word_embeddings=False), "an untied decoder reads its own bias; cls.predictions.bias is there, too, and other"),
    "mobilebert-mlm-untied": ("MobileBertForMaskedLM", dict(SIZES, tie_word_embeddings=False, embedding_size=8, intra_bottleneck_size=6), "an untied decoder of E columns and its extension"),
    "mpnet-pad-0": ("MPNetModel", dict(SIZES, pad_token_id=0), "positions count from 1 whatever pad_token_id says"),
    "deberta-one-term": ("DebertaV2Model", dict(DEBERTA, relative_attention=True, pos_att_type=["p2c"], share_att_key=False), "only the projection of its own that the one term needs"),
    "deberta-no-term": ("DebertaV2Model", dict(DEBERTA, relative_attention=True, pos_att_type=None), "relative embeddings that no term reads"),
    "deberta-not-relative": ("DebertaV2Model", dict(DEBERTA, relative_attention=False, pos_att_type=["c2p", "p2c"]), "the scale counts the terms of pos_att_type, used or not"),
    "deberta-mlm": ("DebertaV2ForMaskedLM", dict(DEBERTA, relative_attention=True, pos_att_type=["c2p", "p2c"], share_att_key=True, legacy=False, tie_word_embeddings=False), "the masked LM of DeBERTa's authors, whose decoder is always the word table"),
    "albert-sop-3": ("AlbertForPreTraining", dict(SIZES, embedding_size=5, num_labels=3), "the order of sentences has num_labels columns"),
    "bert-gelu-accurate": ("BertModel", dict(SIZES, hidden_act="gelu_accurate"), "another name of the tanh form"),
    "bert-gelu-python-tanh": ("BertModel", dict(SIZES, hidden_act="gelu_python_tanh"), "another name of the tanh form"),
}
NAMES = {"sop_logits": "seq_relationship_logits"}


def outputs(model, inputs):
    with torch.no_grad():
        found = model(**inputs, output_hidden_states=True)
    named = {NAMES.get(name, name): x for name, x in found.items() if torch.is_tensor(x)}
    for l, x in enumerate(found.hidden_states):
        named[f"hidden_states.{l}"] = x
    return named


for seed, (name, (class_name, config, note)) in enumerate(CASES.items()):
    torch.manual_seed(seed)
    cls, folder = getattr(T, class_name), os.path.join(OUT, name)
    model = cls(cls.config_class(**config))
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.copy_(torch.randn_like(p) * (0.3 if p.ndim > 1 else 0.2) + (p.ndim == 1 and key.endswith("weight")))
    model.save_pretrained(folder)
    f64, f32 = (cls.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval() for dtype in (torch.float64, torch.float32))
    tensors, error = {}, {}
    lengths = [1, 6, 20]
    for i, S in enumerate(lengths):
        inputs = {"input_ids": torch.randint(2, config["vocab_size"], (1, S))}
        if config.get("type_vocab_size", 0 if class_name.startswith(("Deberta", "MPNet", "Gte")) else 2):
            inputs["token_type_ids"] = torch.randint(2, (1, S))
        tensors.update({f"single.{i}.{key}": x for key, x in inputs.items()})
        rough = outputs(f32, inputs)
        for key, x in outputs(f64, inputs).items():
            tensors[f"single.{i}.{key}"] = x.float().contiguous()
            # at least half a unit in the last place of the largest value: so few values may all happen to round well
            error[key] = max(error.get(key, 0), (rough[key].double() - x).abs().max().item(), x.abs().max().item() * 2**-24)
    save_file(tensors, os.path.join(folder, "golden.safetensors"))
    golden = {"class": class_name, "note": note, "texts": lengths, "f32_max_abs_err": error, "transformers": T.__version__}
    with open(os.path.join(folder, "golden.json"), "w") as file:
        json.dump(golden, file, indent=1)
