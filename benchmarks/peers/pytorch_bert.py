"""Seconds per training step of a small BERT in PyTorch: the peer of `npm run bench:language`.

A step is forward, cross-entropy, backward and AdamW over all parameters, on random texts of full length. Spellings:

    modules     Hugging Face's BERT, from torch.nn modules: three linear layers, matmul, softmax, dropout, matmul
    encoder     torch.nn.TransformerEncoderLayer, which keeps query, key and value in one product (float only)

Methods: fp; bibert and bit as their authors write them, a sign with its surrogate being a torch.autograd.Function, all products torch's own;
+textbook: SURGE as y = f_b - f_a.detach() + f_a with lam from the previous step's norms.

Driven from standard input as pytorch_train.py is, whose helpers it uses.
"""

import argparse
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from pytorch_train import BOX, EPSILON, ETA, Listen, box, build, keep_large_blocks, peak_bytes, profile, say, sign

LAYERS, WIDTH, HEADS, FFN = 4, 256, 4, 1024
VOCABULARY, POSITIONS, TYPES, LABELS = 30522, 512, 2, 2
DROPOUT = 0.1
MASKED_SHARE = 0.15


class SignWithBox(torch.autograd.Function):
    """sign(x), backward 1[|x| < 1]: hardtanh's backward leaves its borders out."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return sign(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return box(gradient, x)


class BoolWithBox(torch.autograd.Function):
    """[x >= 0], backward 1[|x| < 1]."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.ge(x, 0, out=torch.empty_like(x))

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.ops.aten.hardtanh_backward(gradient, x, -1.0, 1.0)


class Elastic(torch.autograd.Function):
    """BiT: a sign(x / a), or a [x / a >= 1/2] for inputs that are never negative."""

    @staticmethod
    def forward(ctx, x, scale, unsigned):
        a = max(scale.item(), 1e-5)
        bits = torch.ge(x, a / 2, out=torch.empty_like(x)) if unsigned else sign(x)
        ctx.save_for_backward(x)
        ctx.a, ctx.unsigned = a, unsigned
        return bits * a

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        a = ctx.a
        root = 1 / math.sqrt(x.numel())
        if ctx.unsigned:
            q = x / a
            inside = (q >= 0) & (q <= 1)
            h = torch.where(inside, (q >= 0.5).float() - q, (q > 1).float())
            return gradient * inside, (gradient * h).sum().mul_(root).view(1), None
        return (
            torch.ops.aten.hardtanh_backward(gradient, x, -a * BOX, a * BOX),
            (gradient * sign(x)).sum().mul_(root).view(1),
            None,
        )


class BinaryLinear(nn.Module):
    """A linear layer with binary weights and inputs and a float bias."""

    def __init__(self, method, inputs, outputs, unsigned=False):
        super().__init__()
        self.method, _, self.surge = method.partition("+")
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.normal_(self.weight, std=0.02)
        self.unsigned = unsigned
        if self.method == "bit":
            self.scale = nn.Parameter(torch.ones(1))
            self.shift = nn.Parameter(torch.zeros(inputs))
        if self.surge:
            self.auxiliary = nn.Parameter(torch.empty(outputs, inputs))
            nn.init.kaiming_normal_(self.auxiliary)
            self.lam = ETA
            self.norms = {}

    def record(self, name, norm):
        self.norms[name] = norm.item()
        if len(self.norms) == 2:
            plain = self.norms["auxiliary"] / self.lam
            lam = ETA * self.norms["binary"] / (plain + EPSILON)
            self.lam = lam if lam > 0 and math.isfinite(lam) else ETA
            self.norms = {}

    def binary(self, x):
        if self.method == "bit":
            operand = Elastic.apply(x + self.shift, self.scale, self.unsigned)
            centred = self.weight - self.weight.mean().detach()
            scale = self.weight.abs().mean().detach()
            effective = scale * torch.sign(centred)
            # The authors: a straight-through estimator around the binary weights.
            return F.linear(operand, effective.detach() - self.weight.detach() + self.weight, self.bias)
        operand = SignWithBox.apply(x)
        scale = self.weight.abs().mean(1, keepdim=True).detach()
        centred = self.weight - self.weight.mean(1, keepdim=True)
        clipped = centred.clamp(-1.0, 1.0)
        effective = (scale * torch.sign(centred)).detach() - clipped.detach() + clipped
        return F.linear(operand, effective, self.bias)

    def forward(self, x):
        if not self.surge:
            return self.binary(x)
        f_b = self.binary(Listen.apply(x, lambda _, norm: self.record("binary", norm)))
        f_a = F.linear(Listen.apply(x, lambda _, norm: self.record("auxiliary", norm)), self.auxiliary * self.lam)
        return f_b - f_a.detach() + f_a


def linear(method, inputs, outputs, unsigned=False):
    return nn.Linear(inputs, outputs) if method == "fp" else BinaryLinear(method, inputs, outputs, unsigned)


class Attention(nn.Module):
    def __init__(self, method):
        super().__init__()
        self.method = method.partition("+")[0]
        self.query, self.key, self.value = (linear(method, WIDTH, WIDTH) for _ in range(3))
        self.dropout = nn.Dropout(DROPOUT)
        if self.method == "bit":
            self.scales = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(4)])

    def forward(self, x, bias):
        batch, length, _ = x.shape
        q, k, v = (
            part(x).view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        root = 1 / math.sqrt(WIDTH // HEADS)
        if self.method == "bibert":
            q, k, v = (SignWithBox.apply(t) for t in (q, k, v))
            scores = self.dropout(torch.matmul(q, k.transpose(-1, -2)) * root) + bias
            weights = BoolWithBox.apply(scores)
        elif self.method == "bit":
            q, k, v = (Elastic.apply(t, a, False) for t, a in zip((q, k, v), self.scales))
            scores = torch.matmul(q, k.transpose(-1, -2)) * root + bias
            weights = Elastic.apply(self.dropout(scores.softmax(-1)), self.scales[3], True)
        else:
            scores = torch.matmul(q, k.transpose(-1, -2)) * root + bias
            weights = self.dropout(scores.softmax(-1))
        context = torch.matmul(weights, v)
        return context.transpose(1, 2).reshape(batch, length, WIDTH)


class Layer(nn.Module):
    def __init__(self, method):
        super().__init__()
        bit = method.startswith("bit")
        self.attention = Attention(method)
        self.output = linear(method, WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)
        self.inner = linear(method, WIDTH, FFN)
        self.outer = linear(method, FFN, WIDTH, unsigned=bit)
        self.activation = nn.ReLU() if bit else nn.GELU()
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, bias):
        x = self.norm1(self.dropout(self.output(self.attention(x, bias))) + x)
        return self.norm2(self.dropout(self.outer(self.activation(self.inner(x)))) + x)


class BuiltIn(nn.Module):
    """The same layer by torch's own module, whose key padding mask is None: texts have full length."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, FFN, DROPOUT, activation="gelu", layer_norm_eps=1e-12, batch_first=True
        )

    def forward(self, x, _):
        return self.layer(x)


class Bert(nn.Module):
    def __init__(self, method, spelling, task):
        super().__init__()
        self.task = task
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.types = nn.Embedding(TYPES, WIDTH)
        for table in (self.words, self.positions, self.types):
            nn.init.normal_(table.weight, std=0.02)
        self.norm = nn.LayerNorm(WIDTH, 1e-12)
        self.dropout = nn.Dropout(DROPOUT)
        layer = BuiltIn if spelling == "encoder" else lambda: Layer(method)
        self.layers = nn.ModuleList([layer() for _ in range(LAYERS)])
        if task == "masked":
            bit = method.startswith("bit")
            self.transform = nn.Sequential(
                nn.Linear(WIDTH, WIDTH), nn.ReLU() if bit else nn.GELU(), nn.LayerNorm(WIDTH, 1e-12)
            )
            self.bias = nn.Parameter(torch.zeros(VOCABULARY))
        else:
            self.pooler = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Dropout(DROPOUT))
            self.classifier = nn.Linear(WIDTH, LABELS)

    def forward(self, ids, types, mask, places):
        places_of = torch.arange(ids.shape[1])
        x = self.dropout(self.norm(self.words(ids) + self.types(types) + self.positions(places_of)))
        bias = (mask[:, None, None, :] - 1.0) * 3.4028234663852886e38
        for layer in self.layers:
            x = layer(x, bias)
        if self.task == "masked":
            chosen = x.reshape(-1, WIDTH)[places]
            return F.linear(self.transform(chosen), self.words.weight, self.bias)
        return self.classifier(self.pooler(x[:, 0]))


class Training:
    def __init__(self, options):
        torch.manual_seed(1)
        self.model = Bert(options.method, options.spelling, options.task)
        count = options.batch * options.length
        shape = (options.batch, options.length)
        self.ids = torch.randint(0, VOCABULARY, shape)
        self.types = torch.randint(0, TYPES, shape)
        self.mask = torch.ones(shape)
        self.places = None
        self.targets = torch.randint(0, LABELS, (options.batch,))
        if options.task == "masked":
            places = round(MASKED_SHARE * count)
            self.places = (torch.arange(places) / MASKED_SHARE).long()
            self.targets = torch.randint(0, VOCABULARY, (places,))
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-4, weight_decay=0.01, foreach=options.foreach
        )

    def step(self):
        loss = F.cross_entropy(self.model(self.ids, self.types, self.mask, self.places), self.targets)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def timed_step(self):
        start = time.perf_counter()
        loss = self.step()
        seconds = time.perf_counter() - start
        if not math.isfinite(loss):
            raise SystemExit(f"the loss is {loss}: the times would mean nothing")
        return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="fp")
    parser.add_argument("--spelling", default="modules")
    parser.add_argument("--task", default="classifier")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--foreach", action="store_true", help="the optimizer's multi-tensor form")
    options = parser.parse_args()
    malloc = keep_large_blocks()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    say(build(malloc))
    training = Training(options)
    say({"event": "ready"})
    for line in sys.stdin:
        request = json.loads(line)
        before = time.process_time()
        if "profile" in request:
            answer = profile(training, request["profile"])
        else:
            times = [training.timed_step() for _ in range(request["steps"])]
            answer = {"event": "times", "seconds": times, "peakBytes": peak_bytes()}
        say({**answer, "processorSeconds": time.process_time() - before})


if __name__ == "__main__":
    main()
