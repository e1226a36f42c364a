#!/usr/bin/env python3
"""Seconds per training step of binary networks in PyTorch: the peer that surge-bnn is measured against.

    python3 pytorch_train.py --networks resnet-20 --methods fp ste surge-textbook surge-handwritten

A step is forward, softmax cross-entropy, backward, SGD with momentum and weight decay, clipping of the latent
weights and zeroing of the gradients, on random CIFAR-shaped pictures. Prints JSON lines: one that describes
the build, then one a combination of network, method and memory format.

Methods (all binary convolutions have 3x3 kernels, padding 0, sign(0) = +1):

    fp                 the same network with ordinary convolutions
    ste                box surrogates on inputs and weights, as one autograd.Function
    ste-composed       the same, from a sign function and torch.nn.functional.conv2d
    surge-textbook     y = f_b - f_a.detach() + f_a with f_a = conv(x, lam W_a), lam from the previous step's norms
    surge-handwritten  one autograd.Function: no auxiliary forward, lam from this step's norms

The code is meant to be as fast as readable PyTorch can be: elementwise work in place where autograd allows it,
sign and box mask as single vectorised passes, large blocks kept by malloc instead of handed back to the system.
With --serve, one combination is built and driven from standard input by lines of JSON: {"steps": 2} is answered by
the steps' times, {"profile": 2} by the time per operator in so many steps.
"""

import argparse
import ctypes
import json
import math
import os
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

ETA = 0.1
EPSILON = 1e-8
# hardtanh_backward zeroes its gradient where |x| >= limit; with the next float above 1 that is |x| > 1.
BOX = 1.0 + 2.0**-23


def sign(x):
    """-1 where x < 0, else +1, in two passes (torch.where with two numbers takes twenty times as long)."""
    return torch.ge(x, 0, out=torch.empty_like(x)).mul_(2).sub_(1)


def box(gradient, x):
    """The gradient where |x| <= 1, else 0."""
    return torch.ops.aten.hardtanh_backward(gradient, x, -BOX, BOX)


def convolution_backward(gradient, x, weight, stride, want_input, want_weight):
    dx, dw, _ = torch.ops.aten.convolution_backward(
        gradient, x, weight, None, [stride, stride], [1, 1], [1, 1], False, [0, 0], 1, [want_input, want_weight, False]
    )
    return dx, dw


class Sign(torch.autograd.Function):
    """Sign with the box surrogate; `record`, where given, receives the norm of the gradient it passes on."""

    @staticmethod
    def forward(ctx, x, record):
        ctx.save_for_backward(x)
        ctx.record = record
        return sign(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        dx = box(gradient, x)
        if ctx.record is not None:
            ctx.record("binary", torch.linalg.vector_norm(dx))
        return dx, None


class Listen(torch.autograd.Function):
    """Identity that reports the norm of the gradient passing through."""

    @staticmethod
    def forward(ctx, x, record):
        ctx.record = record
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        ctx.record("auxiliary", torch.linalg.vector_norm(gradient))
        return gradient, None


class SteFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, stride):
        signs, weight_signs = sign(x), sign(weight)
        ctx.save_for_backward(x, weight, signs, weight_signs)
        ctx.stride = stride
        return F.conv2d(signs, weight_signs, None, stride, 1)

    @staticmethod
    def backward(ctx, gradient):
        x, weight, signs, weight_signs = ctx.saved_tensors
        dx, dw = convolution_backward(gradient, signs, weight_signs, ctx.stride, True, True)
        return box(dx, x), box(dw, weight), None


class SurgeFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, auxiliary, stride):
        signs, weight_signs = sign(x), sign(weight)
        ctx.save_for_backward(x, weight, auxiliary, signs, weight_signs)
        ctx.stride = stride
        return F.conv2d(signs, weight_signs, None, stride, 1)

    @staticmethod
    def backward(ctx, gradient):
        x, weight, auxiliary, signs, weight_signs = ctx.saved_tensors
        dx, dw = convolution_backward(gradient, signs, weight_signs, ctx.stride, True, True)
        dx = box(dx, x)
        dx_auxiliary, dw_auxiliary = convolution_backward(gradient, x, auxiliary, ctx.stride, True, True)
        binary_norm = torch.linalg.vector_norm(dx).item()
        auxiliary_norm = torch.linalg.vector_norm(dx_auxiliary).item()
        lam = ETA * binary_norm / (auxiliary_norm + EPSILON) if auxiliary_norm > 0 else 0.0
        dx.add_(dx_auxiliary, alpha=lam)
        return dx, box(dw, weight), dw_auxiliary.mul_(lam), None


class Conv(nn.Module):
    """A 3x3 convolution without bias, by the named method."""

    def __init__(self, method, inputs, outputs, stride=1):
        super().__init__()
        self.method = method
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        nn.init.kaiming_normal_(self.weight)
        if method.startswith("surge"):
            self.auxiliary = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
            nn.init.kaiming_normal_(self.auxiliary)
        self.lam = ETA
        self.norms = {}

    def record(self, name, norm):
        self.norms[name] = norm.item()
        if len(self.norms) == 2:
            # What passed through the auxiliary branch already carries this step's lam.
            plain = self.norms["auxiliary"] / self.lam
            lam = ETA * self.norms["binary"] / (plain + EPSILON)
            self.lam = lam if lam > 0 and math.isfinite(lam) else ETA
            self.norms = {}

    def forward(self, x):
        if self.method == "fp":
            return F.conv2d(x, self.weight, None, self.stride, 1)
        if self.method == "ste":
            return SteFunction.apply(x, self.weight, self.stride)
        if self.method == "ste-composed":
            return F.conv2d(Sign.apply(x, None), Sign.apply(self.weight, None), None, self.stride, 1)
        if self.method == "surge-handwritten":
            return SurgeFunction.apply(x, self.weight, self.auxiliary, self.stride)
        f_b = F.conv2d(Sign.apply(x, self.record), Sign.apply(self.weight, None), None, self.stride, 1)
        f_a = F.conv2d(Listen.apply(x, self.record), self.auxiliary * self.lam, None, self.stride, 1)
        return f_b.sub_(f_a.detach()).add_(f_a)


class ResidualUnit(nn.Module):
    """hardtanh(bn(conv(x)) + shortcut(x)); a downsampling shortcut is a mean pool and channels of zeros."""

    def __init__(self, method, inputs, outputs):
        super().__init__()
        self.more = outputs - inputs
        self.conv = Conv(method, inputs, outputs, 2 if self.more else 1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.norm(self.conv(x))
        if self.more:
            x = F.pad(F.avg_pool2d(x, 2), (0, 0, 0, 0, self.more // 2, self.more // 2))
        return F.hardtanh_(y.add_(x))


def resnet20(method):
    widths = [16] * 7 + [32] * 6 + [64] * 6
    return nn.Sequential(
        Conv("fp", 3, 16),
        nn.BatchNorm2d(16),
        nn.Hardtanh(inplace=True),
        *[ResidualUnit(method, widths[i], widths[i + 1]) for i in range(18)],
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.BatchNorm1d(64),
        nn.Linear(64, 10),
    )


def vgg_small(method):
    layers = []
    plan = [(3, 128, False), (128, 128, True), (128, 256, False), (256, 256, True), (256, 512, False), (512, 512, True)]
    for i, (inputs, outputs, pool) in enumerate(plan):
        layers.append(Conv(method if i > 0 else "fp", inputs, outputs))
        if pool:
            layers.append(nn.MaxPool2d(2))
        layers += [nn.BatchNorm2d(outputs), nn.Hardtanh(inplace=True)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8192, 10))


NETWORKS = {"resnet-20": resnet20, "vgg-small": vgg_small}
METHODS = ["fp", "ste", "ste-composed", "surge-textbook", "surge-handwritten"]
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class Training:
    """A network with its optimizer and one batch; `step()` trains it once and returns the loss."""

    def __init__(self, network, method, memory_format, batch, foreach):
        torch.manual_seed(1)
        layout = FORMATS[memory_format]
        self.model = NETWORKS[network](method).to(memory_format=layout)
        self.pictures = torch.randn(batch, 3, 32, 32).contiguous(memory_format=layout)
        self.labels = torch.randint(0, 10, (batch,))
        convs = [layer for layer in self.model.modules() if isinstance(layer, Conv)]
        self.latent = [layer.weight for layer in convs if layer.method != "fp"]
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, foreach=foreach
        )

    def step(self):
        loss = F.cross_entropy(self.model(self.pictures), self.labels)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            for weight in self.latent:
                weight.clamp_(-1, 1)
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def timed_step(self):
        start = time.perf_counter()
        loss = self.step()
        seconds = time.perf_counter() - start
        if not math.isfinite(loss):
            raise SystemExit(f"the loss is {loss}: the times would mean nothing")
        return seconds


def keep_large_blocks():
    """malloc keeps freed activations instead of unmapping them: no page faults in every step. Glibc only."""
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    try:
        libc = ctypes.CDLL("libc.so.6")
        return bool(
            libc.mallopt(mmap_threshold, 2**30) and libc.mallopt(trim_threshold, 2**31 - 1) and libc.mallopt(top_pad, 2**26)
        )
    except (OSError, AttributeError):
        return False


def loaded_libraries(words):
    """Files of the process's map whose names hold one of the words: which BLAS and oneDNN really run."""
    try:
        with open("/proc/self/maps", encoding="utf8") as maps:
            paths = {line.split()[-1] for line in maps if "/" in line}
    except OSError:
        return []
    return sorted({os.path.basename(path) for path in paths if any(word in os.path.basename(path) for word in words)})


def build(malloc):
    config = [line.strip(" -\n") for line in torch.__config__.show().splitlines()]
    keep = ("GCC", "Clang", "Intel(R) MKL-DNN", "Intel(R) oneAPI", "OpenMP", "CPU capability", "oneDNN")
    return {
        "event": "build",
        "torch": torch.__version__,
        "config": [line for line in config if line.startswith(keep)],
        "blas": loaded_libraries(("blas", "mkl")),
        "threads": torch.get_num_threads(),
        "mallocKeepsBlocks": malloc,
        "python": sys.version.split()[0],
    }


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def say(record):
    print(json.dumps(record), flush=True)


def measure(options):
    best = {}
    for network in options.networks:
        for method in options.methods:
            for memory_format in options.formats:
                training = Training(network, method, memory_format, options.batch, options.foreach)
                for _ in range(options.warmup):
                    training.step()
                times = [training.timed_step() for _ in range(options.steps)]
                record = {
                    "event": "result",
                    "network": network,
                    "method": method,
                    "format": memory_format,
                    "batch": options.batch,
                    "median": statistics.median(times),
                    "min": min(times),
                    "max": max(times),
                    "steps": len(times),
                    "peakBytes": peak_bytes(),
                }
                say(record)
                key = (network, method)
                if key not in best or record["median"] < best[key]["median"]:
                    best[key] = record
    for record in best.values():
        say({**record, "event": "better"})


def serve(options):
    training = Training(options.networks[0], options.methods[0], options.formats[0], options.batch, options.foreach)
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


def profile(training, steps):
    """Milliseconds and calls a step, by operator, each without those that it calls."""
    start = time.perf_counter()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        for _ in range(steps):
            training.step()
    milliseconds = 1e3 * (time.perf_counter() - start) / steps
    kernels = [
        {"kernel": e.key, "count": e.count / steps, "milliseconds": e.self_cpu_time_total / 1e3 / steps}
        for e in profiler.key_averages()
        if e.key.startswith("aten::")
    ]
    kernels.sort(key=lambda kernel: -kernel["milliseconds"])
    return {"event": "profile", "milliseconds": milliseconds, "kernels": kernels}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10, help="timed steps")
    parser.add_argument("--warmup", type=int, default=3, help="steps before them")
    parser.add_argument("--foreach", action="store_true", help="the optimizer's multi-tensor form")
    parser.add_argument("--plain-malloc", action="store_true", help="leave malloc's thresholds as they are")
    parser.add_argument("--serve", action="store_true", help="one combination, driven from standard input")
    options = parser.parse_args()
    malloc = False if options.plain_malloc else keep_large_blocks()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    say(build(malloc))
    (serve if options.serve else measure)(options)


if __name__ == "__main__":
    main()
