"""Writes MODEL_FOLDER (a BERT encoder in safetensors) as ONNX for the onnxruntime peers: OUT_FOLDER/onnx/model.onnx (fp32) and model_quantized.onnx (int8).

The graph uses onnxruntime's own fused operators (Attention, SkipLayerNormalization, BiasGelu), the form its transformer optimizer
arrives at, so that the peer is measured at its best. int8 is its dynamic quantisation of the same graph. Inputs, file names and the
copies of the configuration and the tokenizer are as transformers.js expects them of a model folder.
Usage: python export_onnx.py MODEL_FOLDER OUT_FOLDER   (needs: pip install onnx onnxruntime safetensors sympy)
"""
import json
import os
import shutil
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

source, out = sys.argv[1:3]
os.makedirs(os.path.join(out, "onnx"), exist_ok=True)
for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
    shutil.copyfile(os.path.join(source, name), os.path.join(out, name))
config = json.load(open(os.path.join(source, "config.json")))
tensors = {k.removeprefix("bert."): v for k, v in load_file(os.path.join(source, "model.safetensors")).items()}
# int8 weights come with a scale a row: multiplied out
weights = {k: v.astype(np.float32) * tensors[k + "_scale"] if k + "_scale" in tensors else v for k, v in tensors.items() if not k.endswith("_scale")}
heads, eps = config["num_attention_heads"], config["layer_norm_eps"]

nodes, initializers = [], []


def constant(name, value):
    initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
    return name


def weight(name, transpose=False):
    value = weights[name]
    return constant(name, value.T if transpose else value)


def node(op, inputs, output, domain="", **attributes):
    nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
    return output


microsoft = "com.microsoft"
words = node("Gather", [weight("embeddings.word_embeddings.weight"), "input_ids"], "words")
types = node("Gather", [weight("embeddings.token_type_embeddings.weight"), "token_type_ids"], "types")
zero, one = constant("zero", np.array([0])), constant("one", np.array([1]))
length = node("Gather", [node("Shape", ["input_ids"], "shape"), one], "length")  # S
positions = node("Slice", [weight("embeddings.position_embeddings.weight"), zero, length, zero], "positions")  # S C
mask = node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
total = node("Add", [node("Add", [words, types], "words_types"), positions], "embedded")
x = node("LayerNormalization", [total, weight("embeddings.LayerNorm.weight"), weight("embeddings.LayerNorm.bias")], "x0", axis=-1, epsilon=eps)
for layer in range(config["num_hidden_layers"]):
    p = f"encoder.layer.{layer}."
    qkv = np.concatenate([weights[f"{p}attention.self.{name}.weight"].T for name in ("query", "key", "value")], axis=1)
    qkv_bias = np.concatenate([weights[f"{p}attention.self.{name}.bias"] for name in ("query", "key", "value")])
    inputs = [x, constant(p + "qkv.weight", qkv), constant(p + "qkv.bias", qkv_bias), mask]
    context = node("Attention", inputs, p + "context", microsoft, num_heads=heads)
    mixed = node("MatMul", [context, weight(p + "attention.output.dense.weight", True)], p + "mixed")
    inputs = [mixed, x, weight(p + "attention.output.LayerNorm.weight"), weight(p + "attention.output.LayerNorm.bias"), weight(p + "attention.output.dense.bias")]
    a = node("SkipLayerNormalization", inputs, p + "a", microsoft, epsilon=eps)
    up = node("MatMul", [a, weight(p + "intermediate.dense.weight", True)], p + "up")
    hot = node("BiasGelu", [up, weight(p + "intermediate.dense.bias")], p + "hot", microsoft)
    down = node("MatMul", [hot, weight(p + "output.dense.weight", True)], p + "down")
    inputs = [down, a, weight(p + "output.LayerNorm.weight"), weight(p + "output.LayerNorm.bias"), weight(p + "output.dense.bias")]
    last = layer == config["num_hidden_layers"] - 1
    x = node("SkipLayerNormalization", inputs, "last_hidden_state" if last else p + "x", microsoft, epsilon=eps)

ids = [helper.make_tensor_value_info(name, TensorProto.INT64, ["B", "S"]) for name in ("input_ids", "attention_mask", "token_type_ids")]
result = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["B", "S", config["hidden_size"]])
graph = helper.make_graph(nodes, "bert", ids, [result], initializers)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(microsoft, 1)], ir_version=8)
fp32, int8 = (os.path.join(out, "onnx", name) for name in ("model.onnx", "model_quantized.onnx"))
onnx.save(model, fp32)
quantize_dynamic(fp32, int8, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": TensorProto.FLOAT})
print({os.path.basename(path): os.path.getsize(path) for path in (fp32, int8)})
