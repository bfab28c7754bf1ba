"""
Where int8 weights lose, and what other ways of rounding them would gain: the figures of docs/tour.md ("Better rounding").

    python scripts/w8_study.py [DATA]        needs torch, transformers and ../shared/data (10 minutes on one core)

all-MiniLM-L6-v2 in f32 with weights rounded to int8 and multiplied out again (int16 activations change nothing that shows), by cosine to the f32 vectors:
STS-B test (2,758 sentences) and the 300 golden sentences (many scripts, up to 256 tokens). Calibrated variants see every sixth sentence of STS-B train.
W [N K] is a linear layer's weight, H [K K] = E[x x^T] of its input.
"""
import csv, json, math, sys
import numpy as np, torch
import torch.nn.functional as nn
from safetensors.torch import load_file
from transformers import AutoTokenizer

torch.set_num_threads(1)
torch.set_grad_enabled(False)
DATA = sys.argv[1] if len(sys.argv) > 1 else "../shared/data"
MODEL = f"{DATA}/models/all-MiniLM-L6-v2"
L, HEADS, C, F, D = 6, 12, 384, 1536, 32
WORDS = "embeddings.word_embeddings"
KINDS = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "o": "attention.output.dense", "i": "intermediate.dense", "d": "output.dense"}
INPUT = {"q": "x", "k": "x", "v": "x", "o": "context", "i": "a", "d": "h"}
f32 = {name: t for name, t in load_file(f"{MODEL}/model.safetensors").items() if t.dtype == torch.float32}
name_of = lambda l, kind: f"encoder.layer.{l}.{KINDS[kind]}"
weight = lambda l, kind, w=f32: w[f"{name_of(l, kind)}.weight"].double()
bias = lambda l, kind, w=f32: w[f"{name_of(l, kind)}.bias"].double()
linears = lambda kinds=KINDS: [(l, kind) for l in range(L) for kind in kinds]


def norm_into(l, kind):
    """gamma and beta of the norm whose output the layer reads."""
    path = f"encoder.layer.{l}.attention.output" if kind == "i" else f"encoder.layer.{l - 1}.output" if l else "embeddings"
    return f32[f"{path}.LayerNorm.weight"].double(), f32[f"{path}.LayerNorm.bias"].double()


# ------------------------------------------------------------ the model, and how far vectors are from f32's
def encode(w, ids, tap=None, per=256):
    """Unit vectors [B C] of lists of ids; texts of one length go together, so nothing is padded. `tap` sees the input of every linear layer."""
    order, out = sorted(range(len(ids)), key=lambda i: len(ids[i])), torch.empty(len(ids), C)
    linear = lambda x, l, kind: nn.linear(x, w[f"{name_of(l, kind)}.weight"], w[f"{name_of(l, kind)}.bias"])
    norm = lambda x, path: nn.layer_norm(x, (C,), w[f"{path}.LayerNorm.weight"], w[f"{path}.LayerNorm.bias"], 1e-12)
    heads = lambda x: x.view(*x.shape[:2], HEADS, D).transpose(1, 2)
    while order:
        S = len(ids[order[0]])
        batch = [i for i in order[:per] if len(ids[i]) == S]
        order = order[len(batch):]
        t = torch.tensor([ids[i] for i in batch])
        x = norm(w[f"{WORDS}.weight"][t] + w["embeddings.token_type_embeddings.weight"][0] + w["embeddings.position_embeddings.weight"][:S], "embeddings")
        for l in range(L):
            q, k, v = (heads(linear(x, l, kind)) for kind in "qkv")
            context = nn.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
            a = norm(linear(context, l, "o") + x, f"encoder.layer.{l}.attention.output")
            h = nn.gelu(linear(a, l, "i"))
            if tap: tap(l, {"x": x, "context": context, "a": a, "h": h})
            x = norm(linear(h, l, "d") + a, f"encoder.layer.{l}.output")
        out[batch] = nn.normalize(x.mean(1), dim=1)
    return out


tokenizer = AutoTokenizer.from_pretrained(MODEL)
tokenize = lambda texts: tokenizer(texts, truncation=True, max_length=256, padding=False)["input_ids"]
sts = lambda split: [row[i] for i in (0, 1) for row in csv.reader(open(f"{DATA}/stsb/stsb-en-{split}.csv", encoding="utf8"))]
SETS = [tokenize(sts("test")), tokenize([json.loads(line)["text"] for line in open(f"{DATA}/golden/all-MiniLM-L6-v2/sentences.jsonl", encoding="utf8")])]
TRUTH = [encode(f32, ids) for ids in SETS]


def show(what, w):
    cells = []
    for ids, truth in zip(SETS, TRUTH):
        cosine = nn.cosine_similarity(encode(w, ids).double(), truth.double())
        cells.append(f"{(1 - cosine.mean()) * 1e6:6.0f}e-6  {cosine.min():.5f}")
    print(f"{what:66s} {'   '.join(cells)}", flush=True)


# ------------------------------------------------------------ rounding
def scales(W):
    return (W.abs().amax(1, keepdim=True) / 127).float().double()


def nearest(W):
    """W rounded by the rule of src/tensor/w8.ts, as float64."""
    return (W / (W.abs().amax(1, keepdim=True) / 127)).round() * scales(W)


def rounded(base=f32, kinds="eqkvoid", how=lambda l, kind, W: nearest(W)):
    w = dict(base)
    if "e" in kinds: w[f"{WORDS}.weight"] = nearest(base[f"{WORDS}.weight"].double()).float()
    for l, kind in linears(kinds.replace("e", "")): w[f"{name_of(l, kind)}.weight"] = how(l, kind, weight(l, kind, base)).float()
    return w


def compensated(W, H, damp=0.01, block=64):
    """GPTQ (Frantar et al. 2022): column by column, later columns make up for the error of earlier ones as H has them move together."""
    W, s = W.clone(), scales(W)[:, 0]
    order = torch.argsort(H.diag(), descending=True)
    W, H = W[:, order], H[order][:, order] + damp * H.diag().mean() * torch.eye(len(H), dtype=H.dtype)
    U = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(H)), upper=True)
    out = torch.empty_like(W)
    for b in range(0, len(H), block):
        e = min(len(H), b + block)
        errors = torch.zeros(len(W), e - b, dtype=H.dtype)
        for k in range(b, e):
            out[:, k] = (W[:, k] / s).round().clamp(-127, 127) * s
            errors[:, k - b] = (W[:, k] - out[:, k]) / U[k, k]
            W[:, k + 1:e] -= errors[:, k - b, None] * U[k, k + 1:e]
        W[:, e:] -= errors @ U[b:e, e:]
    return out[:, torch.argsort(order)]


def corrected(w, mean):
    """Data-free quantisation's bias correction (Nagel et al. 2019): the mean of what rounding changes goes into the bias."""
    w = dict(w)
    for l, kind in linears(): w[f"{name_of(l, kind)}.bias"] = (bias(l, kind) + (weight(l, kind) - weight(l, kind, w)) @ mean(l, kind)).float()
    return w


def moments(ids):
    """E[x] and E[x x^T] of every layer's input."""
    sums, products, count = {}, {}, 0
    def tap(l, inputs):
        nonlocal count
        for part, x in inputs.items():
            x = x.reshape(-1, x.shape[-1]).double()
            sums[l, part], products[l, part] = sums.get((l, part), 0) + x.sum(0), products.get((l, part), 0) + x.T @ x
        count += len(x) if l == 0 else 0
    encode(f32, ids, tap)
    return lambda l, kind: sums[l, INPUT[kind]] / count, lambda l, kind: products[l, INPUT[kind]] / count


# ------------------------------------------------------------ what the weights alone tell
def hidden_moments(l):
    """Mean, variance, slope of h = GELU(u) if x were gamma z + beta with z ~ N(0, 1): u ~ N(W beta + b, sum (W gamma)^2)."""
    z, p = (torch.tensor(t) for t in np.polynomial.hermite_e.hermegauss(61))
    p, (gamma, beta), W = p / p.sum(), norm_into(l, "i"), weight(l, "i")
    spread = (W * gamma).norm(dim=1)
    h = nn.gelu((W @ beta + bias(l, "i"))[:, None] + spread[:, None] * z)
    mean = h @ p
    return mean, (h * h) @ p - mean**2, (h * z) @ p / spread


def assumed_mean(l, kind):
    if kind == "d": return hidden_moments(l)[0]
    return weight(l, "v") @ norm_into(l, "v")[1] + bias(l, "v") if kind == "o" else norm_into(l, kind)[1]


def assumed_products(l):
    """E[h h^T] of FFN out's input: linear part of rank C, what is left of each variance, the mean."""
    mean, variance, slope = hidden_moments(l)
    A = slope[:, None] * weight(l, "i") * norm_into(l, "i")[0]
    return A @ A.T + torch.diag((variance - A.pow(2).sum(1)).clamp(min=1e-6)) + torch.outer(mean, mean)


def balanced_heads():
    """The same function, V and attention output rounding better: per head, O V = (O T^-1)(T V) with both factors balanced and spread evenly."""
    w, even = dict(f32), torch.ones(1, 1, dtype=torch.float64)
    while len(even) < D: even = torch.cat([torch.cat([even, even], 1), torch.cat([even, -even], 1)]) / math.sqrt(2)
    for l in range(L):
        V, b, O = weight(l, "v"), bias(l, "v"), weight(l, "o")
        for rows in (slice(h * D, h * D + D) for h in range(HEADS)):
            values, vectors = torch.linalg.eigh(V[rows] @ V[rows].T)
            root = vectors * values.sqrt() @ vectors.T
            _, S, Q = torch.linalg.svd(O[:, rows] @ root, full_matrices=False)
            T = even.T * S.sqrt() @ Q @ torch.linalg.inv(root)
            V[rows], b[rows], O[:, rows] = T @ V[rows], T @ b[rows], O[:, rows] @ torch.linalg.inv(T)
        w.update({f"{name_of(l, 'v')}.weight": V.float(), f"{name_of(l, 'v')}.bias": b.float(), f"{name_of(l, 'o')}.weight": O.float()})
    return w


def split_outliers():
    """Outlier channel splitting (Zhao et al. 2019) without growing: the hidden unit of least variance becomes a copy of the one whose weight sets the largest scale."""
    w = dict(f32)
    for l in (0, 1, 2, 3):
        Wi, bi, Wd, bd = weight(l, "i"), bias(l, "i"), weight(l, "d"), bias(l, "d")
        mean, variance, _ = hidden_moments(l)
        unit, least = int(Wd.abs().amax(0).argmax()), int((variance * Wd.pow(2).sum(0)).argmin())
        bd += Wd[:, least] * mean[least]
        Wd[:, unit] /= 2
        Wi[least], bi[least], Wd[:, least] = Wi[unit], bi[unit], Wd[:, unit]
        for kind, W, b in (("i", Wi, bi), ("d", Wd, bd)): w.update({f"{name_of(l, kind)}.weight": W.float(), f"{name_of(l, kind)}.bias": b.float()})
    return w


outliers = lambda W, crest=20: (W.abs().amax(1) / W.pow(2).mean(1).sqrt() > crest)[:, None]


def equalised(l, kind, W):
    """Rounded as W c for inputs x / c, c_k = rms_n W[n,k]^-1/2 (V's for Q, K and V, which share x): NOT in the format, a multiply for each input."""
    c = weight(l, "v" if kind in "qkv" else kind).pow(2).mean(0).sqrt().rsqrt()
    return nearest(W * c) / c


def main():
    print(f"{'':66s} STS-B test: mean 1 - cos, lowest   300 sentences")
    show("round to nearest, scale a row (the rule)", rounded())
    for kinds, what in (("e", "word embeddings"), ("qk", "Q and K"), ("v", "V"), ("o", "attention output"), ("i", "FFN in"), ("d", "FFN out")): show(f"  only {what}", rounded(kinds=kinds))
    count = sum(int(outliers(weight(l, kind)).sum()) for l, kind in linears())
    show(f"  all, but the {count} rows with a weight above 20 rms exact", rounded(how=lambda l, kind, W: torch.where(outliers(W), W, nearest(W))))
    print("with calibration")
    mean, products = moments(tokenize(sts("train"))[::6])
    show("  bias correction", corrected(rounded(), mean))
    show("  GPTQ", rounded(how=lambda l, kind, W: compensated(W, products(l, kind))))
    def few(l, kind, W):
        values, vectors = torch.linalg.eigh(products(l, kind))
        top = vectors[:, -4:] * values[-4:] @ vectors[:, -4:].T
        return compensated(W, top + torch.diag((products(l, kind) - top).diag()), 1e-6)
    show("  GPTQ with the 4 largest eigenvectors of H and its diagonal", rounded(how=few))
    print("without data")
    show("  bias correction, means from norms", corrected(rounded(), assumed_mean))
    on_outliers = lambda l, kind, W: torch.where(outliers(W), compensated(W, assumed_products(l)), nearest(W)) if kind == "d" and outliers(W).any() else nearest(W)
    show("  GPTQ of FFN out, H from norms and FFN in", rounded(how=lambda l, kind, W: compensated(W, assumed_products(l)) if kind == "d" else nearest(W)))
    show("  the same, only rows with a weight above 20 rms", rounded(how=on_outliers))
    show("  V and attention output balanced in each head", rounded(balanced_heads()))
    show("  both", rounded(balanced_heads(), how=on_outliers))
    show("  outliers split into the least used unit, 4 layers, not rounded", split_outliers())
    show("  outliers split into the least used unit, 4 layers", rounded(split_outliers()))
    random = torch.Generator().manual_seed(1)
    texts = lambda B: [[101] + torch.randint(1996, 30522, (14,), generator=random).tolist() + [102] for _ in range(B)]
    for B in (16, 2000):
        _, made_up = moments(texts(B))
        show(f"  GPTQ, H from {16 * B} random tokens, damping 1", rounded(how=lambda l, kind, W: compensated(W, made_up(l, kind), 1.0)))
    print("with a scale for each input too (another format)")
    show("  FFN out", rounded(how=lambda l, kind, W: equalised(l, kind, W) if kind == "d" else nearest(W)))
    show("  all linear layers", rounded(how=equalised))


main()
