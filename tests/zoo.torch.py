"""What PyTorch computes for the networks of the zoo: the outputs that zoo-torch.test.ts expects.

    python3 tests/zoo.torch.py > tests/zoo.torch.json

Narrow networks in evaluation mode, under the names that their repositories have (torchvision's ResNets, those for CIFAR with
`shortcut` and `linear`, Bi-Real Net, ReActNet). Every number is offset + scale v with v from a formula that the test has too:
only names, shapes, offsets, scales and outputs are kept.
"""
import json
import math

import torch
from torch import nn
from torch.nn import functional as F

from torch_numbers import numbers, sign


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(sign(x), sign(self.weight), None, self.stride, self.padding)


class HardBinaryConv(nn.Module):
    """As in Bi-Real Net's and ReActNet's repositories: the weights in a row. (Without their scale.)"""

    def __init__(self, inputs, outputs, size, stride):
        super().__init__()
        self.shape, self.stride, self.padding = (outputs, inputs, size, size), stride, size // 2
        self.weights = nn.Parameter(torch.zeros(math.prod(self.shape), 1))

    def forward(self, x):
        return F.conv2d(sign(x), sign(self.weights).view(self.shape), None, self.stride, self.padding)


def conv(binary, inputs, outputs, size=3, stride=1):
    return (BinaryConv if binary else nn.Conv2d)(inputs, outputs, size, stride, size // 2, bias=False)


class Zeros(nn.Module):
    """Every second pixel, and channels of zeros on both sides: option A."""

    def __init__(self, more):
        super().__init__()
        self.more = more

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more // 2, self.more // 2))


class Block(nn.Module):
    def __init__(self, net, inputs, outputs, stride):
        super().__init__()
        self.net = [net]  # not a module of this one
        self.conv1, self.bn1 = conv(net.binary, inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(net.binary, outputs, outputs), nn.BatchNorm2d(outputs)
        past = nn.Sequential()
        if stride > 1:
            past = {
                "slice": lambda: Zeros(outputs - inputs),
                "conv": lambda: nn.Sequential(conv(False, inputs, outputs, 1, 2), nn.BatchNorm2d(outputs)),
                "binary-conv": lambda: nn.Sequential(conv(net.binary, inputs, outputs, 1, 2), nn.BatchNorm2d(outputs)),
            }[net.downsample]()
        setattr(self, net.shortcut, past)

    def forward(self, x):
        (net,) = self.net
        y = net.act(self.bn1(self.conv1(x)))
        return net.act(self.bn2(self.conv2(y)) + getattr(self, net.shortcut)(x))


class ResNet(nn.Module):
    def __init__(self, blocks, width, stem, binary, act, downsample, shortcut, classifier, last_norm):
        super().__init__()
        self.binary, self.act, self.downsample, self.shortcut, self.classifier = binary, act, downsample, shortcut, classifier
        self.stem, self.stages = stem, len(blocks)
        self.conv1 = nn.Conv2d(3, width, 7 if stem == "imagenet" else 3, 2 if stem == "imagenet" else 1, 3 if stem == "imagenet" else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        last = width
        for stage, count in enumerate(blocks):
            out = width * 2**stage
            strides = [1 if stage == 0 else 2] + [1] * (count - 1)
            layers = []
            for stride in strides:
                layers.append(Block(self, last, out, stride))
                last = out
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        if last_norm:
            self.bn2 = nn.BatchNorm1d(last)
        self.last_norm = last_norm
        setattr(self, classifier, nn.Linear(last, 10))

    def forward(self, x):
        x = self.act(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 3, 2, 1) if self.stem == "imagenet" else x
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        x = x.mean((2, 3))
        return getattr(self, self.classifier)(self.bn2(x) if self.last_norm else x)


class BiRealBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.binary_conv, self.bn1 = HardBinaryConv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride > 1:
            self.downsample = nn.Sequential(nn.AvgPool2d(2, 2), conv(False, inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.bn1(self.binary_conv(x)) + (x if self.downsample is None else self.downsample(x))


class BiRealNet(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        last = width
        for stage in range(4):
            out, layers = width * 2**stage, []
            for i in range(4):
                layers.append(BiRealBlock(last, out, 2 if stage and i == 0 else 1))
                last = out
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(last, 10)

    def forward(self, x):
        x = F.max_pool2d(self.bn1(self.conv1(x)), 3, 2, 1)
        return self.fc(self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3)))


class LearnableBias(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        return x + self.bias


class ReActStem(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn1(self.conv1(x))


class ReActBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride, self.doubles = stride, outputs > inputs
        self.move11, self.binary_3x3, self.bn1 = LearnableBias(inputs), HardBinaryConv(inputs, inputs, 3, stride), nn.BatchNorm2d(inputs)
        self.move12, self.prelu1, self.move13 = LearnableBias(inputs), nn.PReLU(inputs), LearnableBias(inputs)
        self.move21 = LearnableBias(inputs)
        if self.doubles:
            self.binary_pw_down1, self.binary_pw_down2 = HardBinaryConv(inputs, inputs, 1, 1), HardBinaryConv(inputs, inputs, 1, 1)
            self.bn2_1, self.bn2_2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(inputs)
        else:
            self.binary_pw, self.bn2 = HardBinaryConv(inputs, outputs, 1, 1), nn.BatchNorm2d(outputs)
        self.move22, self.prelu2, self.move23 = LearnableBias(outputs), nn.PReLU(outputs), LearnableBias(outputs)

    def forward(self, x):
        past = F.avg_pool2d(x, 2) if self.stride == 2 else x
        y = self.bn1(self.binary_3x3(self.move11(x))) + past
        y = self.move13(self.prelu1(self.move12(y)))
        z = self.move21(y)
        if self.doubles:
            z = torch.cat([self.bn2_1(self.binary_pw_down1(z)) + y, self.bn2_2(self.binary_pw_down2(z)) + y], 1)
        else:
            z = self.bn2(self.binary_pw(z)) + y
        return self.move23(self.prelu2(self.move22(z)))


class ReActNet(nn.Module):
    def __init__(self, width):
        super().__init__()
        channels = [width * m for m in [1, 2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32]]
        self.feature = nn.ModuleList([ReActStem(width)])
        for i in range(1, len(channels)):
            doubles = channels[i] > channels[i - 1]
            self.feature.append(ReActBlock(channels[i - 1], channels[i], 2 if doubles and i > 1 else 1))
        self.fc = nn.Linear(channels[-1], 10)

    def forward(self, x):
        for block in self.feature:
            x = block(x)
        return self.fc(x.mean((2, 3)))


def fill(model):
    """Weights by the formula, of such sizes that every layer's outputs are about 1."""
    modules = dict(model.named_modules())
    fan_in, tensors = 1, []
    for k, (name, t) in enumerate((n, t) for n, t in model.state_dict().items() if not n.endswith("num_batches_tracked")):
        path, role = name.rsplit(".", 1)
        module = modules[path]
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            offset, scale = {"weight": (1, 0.3), "bias": (0, 0.3), "running_mean": (0, 0.2), "running_var": (fan_in, fan_in / 2)}[role]
        elif isinstance(module, HardBinaryConv):
            offset, scale, fan_in = 0, 1, math.prod(module.shape[1:])
        elif isinstance(module, LearnableBias):
            offset, scale = 0, 0.3
        elif isinstance(module, nn.PReLU):
            offset, scale = 0.25, 0.2
        elif role == "weight":
            fan_in = math.prod(t.shape[1:])
            offset, scale = 0, math.sqrt(6 / fan_in)
            fan_in = fan_in if isinstance(module, BinaryConv) else 1
        else:
            offset, scale = 0, 0.3
        t.copy_((offset + scale * numbers(k, t.shape)).to(torch.float32))
        tensors.append([name, list(t.shape), offset, scale])
    return tensors


def case(network, options, side, model):
    model.eval()
    with torch.no_grad():
        tensors = fill(model)
        # Channels last, as the test has them.
        picture = 1.5 * numbers(1000, [2, side, side, 3])
        logits = model(picture.to(torch.float32).permute(0, 3, 1, 2))
    return {"network": network, "options": options, "side": side, "tensors": tensors, "logits": logits.tolist()}


relu, hardtanh = F.relu, F.hardtanh
plain = {"precision": "full", "activation": "relu", "shortcut": "block", "lastNorm": False}
eighteen, thirty_four = [2, 2, 2, 2], [3, 4, 6, 3]
cases = [
    case("resnet-20", {**plain, "width": 4, "downsample": "slice"}, 12, ResNet([3, 3, 3], 4, "cifar", False, relu, "slice", "shortcut", "linear", False)),
    case("resnet-20", {**plain, "width": 4, "downsample": "conv"}, 12, ResNet([3, 3, 3], 4, "cifar", False, relu, "conv", "downsample", "fc", False)),
    case("cifar-resnet-18", {**plain, "width": 4, "downsample": "conv"}, 16, ResNet(eighteen, 4, "cifar", False, relu, "conv", "shortcut", "linear", False)),
    case("cifar-resnet-18", {"width": 4}, 16, ResNet(eighteen, 4, "cifar", True, hardtanh, "binary-conv", "shortcut", "linear", True)),
    case("imagenet-resnet-18", {**plain, "width": 4, "downsample": "conv"}, 40, ResNet(eighteen, 4, "imagenet", False, relu, "conv", "downsample", "fc", False)),
    case("imagenet-resnet-34", {**plain, "width": 2, "downsample": "conv"}, 36, ResNet(thirty_four, 2, "imagenet", False, relu, "conv", "downsample", "fc", False)),
    case("imagenet-resnet-18", {"width": 4}, 32, BiRealNet(4)),
    case("reactnet-a", {"width": 4}, 32, ReActNet(4)),
]
print("[" + ",\n".join(json.dumps(c) for c in cases) + "]")
