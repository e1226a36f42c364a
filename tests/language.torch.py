"""What PyTorch's autograd computes for small BERTs, float and binary: the numbers that language-torch.test.ts expects.

    python3 tests/language.torch.py > tests/language.torch.json

Made with PyTorch 1.13, in float64, from the published formulas and not from the TypeScript: BERT as in arXiv 1810.04805, BiBERT (arXiv
2203.06390), BiT (arXiv 2205.13016), LSQ (arXiv 1902.08153) for inputs of two bits. sign(0) is +1 and step(0) is 1. Every parameter is
offset + scale v, rounded to float32, with v from a formula that the test has too. A float32 sum has other last bits, so nothing real may lie so
near a threshold that they could push it over: the script prints how near things come (--shares: and on which side they are) and fails where
that is too near. What is a whole number, or a half, may lie on a threshold, as it does in BiBERT's attention.
"""
import base64
import json
import math
import sys

import torch
from torch.autograd import Function
from torch.nn import functional as F

from torch_numbers import numbers, sign

torch.set_default_dtype(torch.float64)

LAYERS, WIDTH, FFN, VOCABULARY, POSITIONS, LABELS = 2, 16, 32, 50, 10, 3
LENGTHS, LENGTH = [8, 5, 3], 8
# Rounding moves what is compared with a threshold by some 1e-6.
LEAST_MARGIN = 1e-4
# A scale's gradient is a sum over all inputs. Where hardly anything is left of its terms, float32 has hardly a digit of it.
LEAST_LEFT = 0.02


class Watch:
    """How near to thresholds values come, and which share of them lies above each."""

    def __init__(self):
        self.nearest, self.where, self.least_left, self.shares = math.inf, None, 1.0, {}

    def __call__(self, what, values, thresholds):
        for t in thresholds:
            margin = float((values.detach() - t).abs().min())
            if margin < self.nearest:
                self.nearest, self.where = margin, f"{what} at {t}"
            self.shares[f"{what} > {t}"] = float((values > t).double().mean())

    def exact(self, what, values, unit, thresholds):
        """Multiples of the unit, a power of two: float32 holds them and their sums without rounding."""
        seen = values.detach()[values > -1e9] / unit
        assert bool((seen == seen.round()).all()), what
        for t in thresholds:
            self.shares[f"{what} on {t}"] = float((values == t).double().mean())


class SignInput(Function):
    """BiBERT's inputs: sign(x), with a slope of 1 inside of |x| < 1."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return sign(x)

    @staticmethod
    def backward(ctx, g):
        return g * (ctx.saved_tensors[0].abs() < 1)


class Step(Function):
    """BiBERT's attention: 1 where the score is not negative, else 0, with the slope of its signs."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x >= 0).double()

    @staticmethod
    def backward(ctx, g):
        return g * (ctx.saved_tensors[0].abs() < 1)


class SignWeight(Function):
    """BiBERT's weights, centred already: scale sign(v). The gradient at that is v's where |v| <= 1; the scale, a constant, is no factor of it."""

    @staticmethod
    def forward(ctx, v, scale):
        ctx.save_for_backward(v)
        return scale * sign(v)

    @staticmethod
    def backward(ctx, g):
        return g * (ctx.saved_tensors[0].abs() <= 1), None


class MeanSign(Function):
    """BiT's weights: mean |W| sign(W - mean W), both of the whole matrix, and backward as if that were W."""

    @staticmethod
    def forward(ctx, w):
        return w.abs().mean() * sign(w - w.mean())

    @staticmethod
    def backward(ctx, g):
        return g


class Elastic(Function):
    """BiT's inputs, x with its shift already: a times a level near q = x / a. One signed bit has the levels -1 and 1."""

    @staticmethod
    def forward(ctx, x, a, bits, signed, watch):
        q = x / a
        is_sign = bits == 1 and signed
        low, high = (-1, 1) if is_sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        level = sign(q) if is_sign else q.round().clamp(low, high)
        ctx.save_for_backward(q, level)
        ctx.rest = (low, high, is_sign, watch)
        return a * level

    @staticmethod
    def backward(ctx, g):
        q, level = ctx.saved_tensors
        low, high, is_sign, watch = ctx.rest
        inside = (q >= low) & (q <= high)
        h = level if is_sign else torch.where(inside, level - q, level)
        terms = g * h
        watch.least_left = min(watch.least_left, float(terms.sum().abs() / terms.abs().sum()))
        return g * inside, (terms.sum() / math.sqrt(q.numel() * high)).reshape(1), None, None, None


def borders(bits, signed):
    """Where an elastic input changes its level or its slope, as q."""
    if bits == 1:
        return [-1, 0, 1] if signed else [0, 0.5, 1]
    return [-2, -1.5, -0.5, 0.5, 1] if signed else [0, 0.5, 1.5, 2.5, 3]


class Bert:
    def __init__(self, parameters, method, bits, activation, heads, watch):
        self.p, self.method, self.bits = parameters, method, bits
        self.activation, self.heads, self.watch = activation, heads, watch

    def norm(self, name, x):
        return F.layer_norm(x, [WIDTH], self.p[f"{name}.weight"], self.p[f"{name}.bias"], 1e-12)

    def float_linear(self, name, x):
        return F.linear(x, self.p[f"{name}.weight"], self.p[f"{name}.bias"])

    def linear(self, name, x, positive=False, whole=False):
        """positive: x comes from a ReLU. whole: it is made of whole numbers, with BiBERT."""
        w, bias = self.p[f"{name}.weight"], self.p[f"{name}.bias"]
        if self.method == "none":
            return F.linear(x, w, bias)
        if self.method == "bibert":
            if whole:
                self.watch.exact(name, x, 1, [-1, 0, 1])
            else:
                self.watch(name, x, [-1, 0, 1])
            v = w - w.mean(1, keepdim=True)
            self.watch(f"{name}.weight", v, [-1, 0, 1])
            return F.linear(SignInput.apply(x), SignWeight.apply(v, w.abs().mean(1, keepdim=True).detach()), bias)
        self.watch(f"{name}.weight", w - w.mean(), [0])
        a = self.p[f"{name}.inputScale"]
        x = x + self.p[f"{name}.inputShift"]
        self.watch(name, x / a, borders(self.bits, not positive))
        return F.linear(Elastic.apply(x, a, self.bits, not positive, self.watch), MeanSign.apply(w), bias)

    def operand(self, name, x):
        """Query, key or value as attention's products have it."""
        if self.method == "none":
            return x
        if self.method == "bibert":
            self.watch(name, x, [-1, 0, 1])
            return SignInput.apply(x)
        a = self.p[f"{name}Scale"]
        self.watch(name, x / a, borders(self.bits, True))
        return Elastic.apply(x, a, self.bits, True, self.watch)

    def weighting(self, name, scores):
        """What values are weighted with."""
        if self.method == "bibert":
            self.watch.exact(name, scores, 1 / math.sqrt(WIDTH // self.heads), [-1, 0, 1])
            return Step.apply(scores)
        shares = scores.softmax(-1)
        if self.method == "none":
            return shares
        a = self.p[f"{name}.probabilityScale"]
        # None is negative: nothing can fall below 0.
        self.watch(name, shares / a, borders(self.bits, False)[1:])
        return Elastic.apply(shares, a, self.bits, False, self.watch)

    def attention(self, name, x, mask):
        def split(t):
            return t.reshape(*t.shape[:2], self.heads, -1).transpose(1, 2)

        q, k, v = (split(self.operand(f"{name}.{part}", self.linear(f"{name}.{part}", x))) for part in ("query", "key", "value"))
        hidden = (1 - mask)[:, None, None, :] * torch.finfo(torch.float32).min
        scores = q @ k.transpose(2, 3) / math.sqrt(WIDTH // self.heads) + hidden
        return (self.weighting(name, scores) @ v).transpose(1, 2).reshape(x.shape)

    def active(self, name, x):
        if self.activation == "gelu":
            # Far below, 1 + erf(x / sqrt 2) is what rounding has left of it, or 0: no sign to rely on.
            assert float(x.min()) > -3.5, name
            return F.gelu(x)
        self.watch(f"{name}, ReLU", x, [0])
        return F.relu(x)

    def layer(self, name, x, mask):
        seen = self.attention(f"{name}.attention.self", x, mask)
        x = self.norm(f"{name}.attention.output.LayerNorm", self.linear(f"{name}.attention.output.dense", seen, whole=True) + x)
        inner = self.active(name, self.linear(f"{name}.intermediate.dense", x))
        outer = self.linear(f"{name}.output.dense", inner, positive=self.activation == "relu")
        return self.norm(f"{name}.output.LayerNorm", outer + x)

    def __call__(self, ids, types, mask):
        e = "bert.embeddings"
        words = self.p[f"{e}.word_embeddings.weight"][ids] + self.p[f"{e}.token_type_embeddings.weight"][types]
        states = [self.norm(f"{e}.LayerNorm", words + self.p[f"{e}.position_embeddings.weight"][: ids.shape[1]])]
        for i in range(LAYERS):
            states.append(self.layer(f"bert.encoder.layer.{i}", states[-1], mask))
        pooled = torch.tanh(self.float_linear("bert.pooler.dense", states[-1][:, 0]))
        return states, pooled, self.float_linear("classifier", pooled)


def plan(method, bits):
    """Name, shape, offset and scale of all parameters."""
    # A level of two bits is a smaller part of the range than one of one bit.
    level = 1 if bits == 1 else 0.5

    def weight_scale(name, inputs):
        # BiBERT's rows have the sizes of their weights. Before a layer norm these may be large: a part is beyond 1, and its box acts.
        return 2 / math.sqrt(inputs) if method != "bibert" else 1.2 if "output" in name else 0.4

    def linear(name, inputs, outputs, scale):
        yield f"{name}.weight", [outputs, inputs], 0.02, scale
        yield f"{name}.bias", [outputs], 0, 0.3

    def norm(name):
        yield f"{name}.weight", [WIDTH], 1, 0.3
        yield f"{name}.bias", [WIDTH], 0, 0.3

    def binary(name, inputs, outputs):
        yield from linear(name, inputs, outputs, weight_scale(name, inputs))
        if method == "bit":
            yield f"{name}.inputScale", [1], 1.2 * level, 0.1 * level
            yield f"{name}.inputShift", [inputs], 0, 0.2

    e = "bert.embeddings"
    yield f"{e}.word_embeddings.weight", [VOCABULARY, WIDTH], 0, 1
    yield f"{e}.position_embeddings.weight", [POSITIONS, WIDTH], 0, 0.5
    yield f"{e}.token_type_embeddings.weight", [2, WIDTH], 0, 0.5
    yield from norm(f"{e}.LayerNorm")
    for i in range(LAYERS):
        layer = f"bert.encoder.layer.{i}"
        for part in ("query", "key", "value"):
            yield from binary(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        if method == "bit":
            for part in ("query", "key", "value"):
                yield f"{layer}.attention.self.{part}Scale", [1], 1.5 * level, 0.2 * level
            yield f"{layer}.attention.self.probabilityScale", [1], 0.3 * level, 0.03 * level
        yield from binary(f"{layer}.attention.output.dense", WIDTH, WIDTH)
        yield from norm(f"{layer}.attention.output.LayerNorm")
        yield from binary(f"{layer}.intermediate.dense", WIDTH, FFN)
        yield from binary(f"{layer}.output.dense", FFN, WIDTH)
        yield from norm(f"{layer}.output.LayerNorm")
    yield from linear("bert.pooler.dense", WIDTH, WIDTH, 0.5)
    yield from linear("classifier", WIDTH, LABELS, 0.8)


def packed(tensor):
    """float32, little-endian, in base64: half the letters of as many digits."""
    return base64.b64encode(tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()).decode()


def case(name, seed, method="none", bits=1, activation="gelu", heads=2):
    tensors = [[*one, seed + k] for k, one in enumerate(plan(method, bits))]
    parameters = {
        n: (offset + scale * numbers(k, shape)).float().double().requires_grad_() for n, shape, offset, scale, k in tensors
    }
    # Piece 0 is padding's alone, so its vector must get nothing.
    ids = torch.tensor([[1 + (17 * i + 5 * j) % (VOCABULARY - 1) if i < n else 0 for i in range(LENGTH)] for j, n in enumerate(LENGTHS)])
    types = torch.tensor([[int(n // 2 < i < n) for i in range(LENGTH)] for n in LENGTHS])
    mask = torch.tensor([[int(i < n) for i in range(LENGTH)] for n in LENGTHS])
    labels = torch.tensor([2, 0, 1])
    watch = Watch()
    states, pooled, logits = Bert(parameters, method, bits, activation, heads, watch)(ids, types, mask.double())
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    summary = f"loss {float(loss):.4f}, nearest {watch.nearest:.2e} ({watch.where}), least left of a scale's sum {watch.least_left:.3f}"
    print(f"{name}: {summary}", file=sys.stderr)
    if "--shares" in sys.argv:
        for key, share in watch.shares.items():
            print(f"  {key}: {share:.3f}", file=sys.stderr)
    assert watch.nearest > LEAST_MARGIN, f"{name}: {watch.where} hangs on the last bits of sums"
    assert watch.least_left > LEAST_LEFT, f"{name}: a scale's gradient hangs on the last bits of its terms"
    sizes = dict(layers=LAYERS, width=WIDTH, heads=heads, ffn=FFN, vocabulary=VOCABULARY, positions=POSITIONS)
    options = dict(**sizes, activation=activation, method=method, **(dict(inputs="two-bit") if bits == 2 else {}))
    return dict(
        name=name, options=options, tensors=tensors, count=len(LENGTHS), length=LENGTH, ids=ids.flatten().tolist(),
        types=types.flatten().tolist(), mask=mask.flatten().tolist(), labels=labels.tolist(),
        hiddenStates=[packed(s) for s in states], pooled=packed(pooled), logits=packed(logits), loss=float(loss),
        gradients={n: packed(p.grad) for n, p in parameters.items()},
    )


cases = [
    case("float, GELU", 0),
    case("float, ReLU", 100, activation="relu"),
    # Heads of 4 entries: a score is a whole number, so that many lie on 0, and on 1 and -1, where the slope ends.
    case("BiBERT, W1A1", 211, method="bibert", heads=4),
    case("BiT, W1A1", 665, method="bit", activation="relu"),
    case("BiT, W1A2", 427, method="bit", bits=2, activation="relu"),
]
print("[" + ",\n".join(json.dumps(c) for c in cases) + "]")
