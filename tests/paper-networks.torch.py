"""What PyTorch computes for the networks from the papers: the outputs that paper-networks.test.ts expects.

    python3 tests/paper-networks.torch.py > tests/paper-networks.torch.json

Narrow networks under the names of the papers' repositories, in evaluation mode. Every number of a weight or of a picture
follows from a formula, which the test has too: only names, shapes and outputs are kept.
"""
import json
import math

import torch
from torch import nn
from torch.nn import functional as F

from torch_numbers import numbers, sign


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(sign(x), sign(self.weight), None, self.stride, 1)


def conv(binary, inputs, outputs, stride=1):
    return (BinaryConv if binary else nn.Conv2d)(inputs, outputs, 3, stride, 1, bias=False)


class Block(nn.Module):
    def __init__(self, binary, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(binary, inputs, outputs, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(binary, outputs, outputs), nn.BatchNorm2d(outputs)
        self.more = outputs - inputs

    def forward(self, x):
        past = F.pad(F.avg_pool2d(x, 2), (0, 0, 0, 0, self.more // 2, self.more // 2)) if self.more else x
        x = F.hardtanh(self.bn1(self.conv1(x)) + past)
        return F.hardtanh(self.bn2(self.conv2(x)) + x)


class ResNet20(nn.Module):
    def __init__(self, binary, width):
        super().__init__()
        self.conv1, self.bn1 = conv(False, 3, width), nn.BatchNorm2d(width)
        for stage, (inputs, outputs) in enumerate([(1, 1), (1, 2), (2, 4)], 1):
            a, b = inputs * width, outputs * width
            blocks = [Block(binary, a, b, b // a), Block(binary, b, b, 1), Block(binary, b, b, 1)]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.bn2, self.linear = nn.BatchNorm1d(4 * width), nn.Linear(4 * width, 10)

    def forward(self, x):
        x = F.hardtanh(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(self.bn2(x.mean((2, 3))))


class VggSmall(nn.Module):
    def __init__(self, binary, width, side):
        super().__init__()
        channels = [3, *(width * m for m in (1, 1, 2, 2, 4, 4))]
        for i in range(6):
            setattr(self, f"conv{i}", conv(binary and i > 0, channels[i], channels[i + 1]))
            setattr(self, f"bn{i}", nn.BatchNorm2d(channels[i + 1]))
        self.fc = nn.Linear((side // 8) ** 2 * channels[-1], 10)

    def forward(self, x):
        for i in range(6):
            x = getattr(self, f"conv{i}")(x)
            x = F.max_pool2d(x, 2) if i % 2 else x
            x = F.hardtanh(getattr(self, f"bn{i}")(x))
        return self.fc(x.flatten(1))


def fill(model, binary):
    """Weights by the formula, of such sizes that every layer's outputs are about 1."""
    state = {name: t for name, t in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    modules = dict(model.named_modules())
    last = 1
    for k, (name, t) in enumerate(state.items()):
        module, role = name.rsplit(".", 1)
        v = numbers(k, t.shape)
        if isinstance(modules[module], nn.BatchNorm2d) or isinstance(modules[module], nn.BatchNorm1d):
            value = {"weight": 1 + 0.3 * v, "bias": 0.3 * v, "running_mean": 0.2 * v, "running_var": last * (1 + 0.5 * v)}[role]
        else:
            value = v * (math.sqrt(6 / math.prod(t.shape[1:])) if role == "weight" else 0.3)
            if role == "weight":
                last = math.prod(t.shape[1:]) if isinstance(modules[module], BinaryConv) else 1
        t.copy_(value.to(torch.float32))
    return {name: list(t.shape) for name, t in state.items()}


def case(network, width, side, binary):
    model = (ResNet20(binary, width) if network == "resnet-20" else VggSmall(binary, width, side)).eval()
    with torch.no_grad():
        tensors = fill(model, binary)
        # Channels last, as the test has them.
        picture = 1.5 * numbers(1000, [2, side, side, 3])
        logits = model(picture.to(torch.float32).permute(0, 3, 1, 2))
    precision = "binary" if binary else "full"
    return {"network": network, "precision": precision, "width": width, "side": side, "tensors": tensors, "logits": logits.tolist()}


cases = [case(network, 4, side, binary) for network, side in (("resnet-20", 12), ("vgg-small", 16)) for binary in (True, False)]
print("[" + ",\n".join(json.dumps(c) for c in cases) + "]")
