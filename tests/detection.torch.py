"""What torchvision computes for Faster R-CNN and the parts of SSD: what detection-torch.test.ts expects.

    python3 tests/detection.torch.py > tests/detection.torch.json

Made with torchvision 0.14.1 on PyTorch 1.13. A narrow ResNet-18 with a pyramid, torchvision's own modules, in training (all candidates are
samples, so nothing is drawn) and in detection. Every number is offset + scale v with v from a formula that the test has too.
"""
import json
import math

import torch
from torch import nn
from torchvision.models.detection import _utils
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.models.detection.ssd import SSD
from torchvision.models.resnet import BasicBlock, conv1x1
from torchvision.ops import MultiScaleRoIAlign, box_iou, roi_align

from torch_numbers import numbers

CLASSES, NECK, HEAD, ALL = 3, 16, 32, 10**6


class Narrow(nn.Module):
    """torchvision's ResNet-18 with 8 channels in its stem."""

    def __init__(self, width=8):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        inputs = width
        for stage in range(4):
            outputs, stride = width * 2**stage, 1 if stage == 0 else 2
            down = None
            if stage > 0:
                down = nn.Sequential(conv1x1(inputs, outputs, stride), nn.BatchNorm2d(outputs))
            blocks = [BasicBlock(inputs, outputs, stride, down), BasicBlock(outputs, outputs)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = outputs


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        layers = {f"layer{i + 1}": str(i) for i in range(4)}
        self.backbone = BackboneWithFPN(Narrow(), layers, [8, 16, 32, 64], NECK)
        anchors = AnchorGenerator(tuple((s,) for s in (8, 16, 32, 48, 64)), ((0.5, 1.0, 2.0),) * 5)
        counts = dict(training=60, testing=40)
        self.rpn = RegionProposalNetwork(anchors, RPNHead(NECK, 3), 0.7, 0.3, ALL, 0.5, counts, dict(training=50, testing=30), 0.7)
        pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
        self.roi_heads = RoIHeads(pool, TwoMLPHead(NECK * 49, HEAD), FastRCNNPredictor(HEAD, CLASSES), 0.5, 0.5, ALL, 0.25,
                                  None, 0.05, 0.5, 20)

    def forward(self, images, targets=None):
        features = self.backbone(images.tensors)
        proposals, first = self.rpn(images, features, targets)
        detections, second = self.roi_heads(features, proposals, images.image_sizes, targets)
        return (proposals, detections), {**first, **second}


def filled(model):
    tensors = []
    for k, (name, tensor) in enumerate(model.state_dict().items()):
        if name.endswith("num_batches_tracked"):
            continue
        shape = list(tensor.shape)
        if name.endswith("running_var"):
            offset, scale = 1, 0.3
        elif "bn" in name or "downsample.1" in name:
            offset, scale = (1, 0.2) if name.endswith("weight") else (0, 0.1)
        elif len(shape) == 1:
            offset, scale = 0, 0.1
        else:
            offset, scale = 0, math.sqrt(6 / math.prod(shape[1:]))
        if "pred" in name or "cls" in name:
            scale /= 8 if "bbox" in name else 4
        tensor.copy_(offset + scale * numbers(k, shape))
        tensors.append([name, shape, offset, scale, k])
    return tensors


def rounded(tensor, digits=6):
    return [float(f"{v:.{digits}g}") for v in tensor.detach().flatten().tolist()]


torch.manual_seed(0)
model = Detector().double()
tensors = filled(model)
sizes = [(64, 96), (50, 70)]
images = ImageList(1.5 * numbers(1000, [2, 3, 64, 96]), sizes)
targets = [
    dict(boxes=torch.tensor([[5.0, 5, 30, 40], [40, 10, 90, 60]]), labels=torch.tensor([1, 2])),
    dict(boxes=torch.tensor([[20.0, 8, 44, 30]]), labels=torch.tensor([2])),
]
model.eval()
with torch.no_grad():
    (proposals, detections), _ = model(images)
model.train()
_, losses = model(images, targets)
sum(losses.values()).backward()
# Of every gradient its product with numbers: one number tells all of its entries.
gradients = {
    name: float((p.grad.double() * numbers(500 + k, list(p.shape))).sum()) for k, (name, p) in enumerate(model.named_parameters())
}
sizes_of_gradients = {name: float(p.grad.double().norm()) for name, p in model.named_parameters()}

# RoIAlign, values and gradient.
aligns = []
for ratio, aligned in [(2, False), (0, False), (3, True), (0, True)]:
    x = numbers(1, [2, 4, 6, 7]).float().requires_grad_()
    boxes = torch.tensor([[0, 3, 4, 36, 30], [1, -9, -5, 20, 60], [1, 30, 20, 70, 50], [0, 9, 9, 10, 11], [1, -300, -300, -200, -200.0]])
    y = roi_align(x, boxes, (3, 2), 1 / 8, ratio, aligned)
    (y * numbers(2, list(y.shape)).float()).sum().backward()
    aligns.append(dict(samplingRatio=ratio, aligned=aligned, y=rounded(y), dx=rounded(x.grad)))

# SSD: default boxes, matching and loss on drawn logits.
generator = DefaultBoxGenerator([[2], [2, 3], [2, 3], [2, 3], [2], [2]], scales=[0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
                                steps=[8, 16, 32, 64, 100, 300])
maps = [torch.zeros(2, 1, n, n) for n in (38, 19, 10, 5, 3, 1)]
defaults = generator(ImageList(torch.zeros(2, 3, 300, 300), [(300, 300)] * 2), maps)[0]
truth = [
    dict(boxes=torch.tensor([[10.0, 20, 130, 200], [150, 150, 170, 166], [0, 0, 290, 280]]), labels=torch.tensor([1, 2, 1])),
    dict(boxes=torch.tensor([[100.0, 100, 220, 180]]), labels=torch.tensor([2])),
]


class Parts:
    """What SSD.compute_loss asks its detector for."""

    box_coder, neg_to_pos_ratio = _utils.BoxCoder(weights=(10.0, 10.0, 5.0, 5.0)), 3


matches = [_utils.SSDMatcher(0.5)(box_iou(t["boxes"], defaults)) for t in truth]
outputs = dict(bbox_regression=numbers(3, [2, 8732, 4]).float(), cls_logits=2 * numbers(4, [2, 8732, CLASSES]).float())
ssd = SSD.compute_loss(Parts, truth, outputs, [defaults] * 2, matches)

print(json.dumps(dict(
    tensors=tensors, sizes=sizes,
    targets=[dict(boxes=t["boxes"].flatten().tolist(), classes=t["labels"].tolist()) for t in targets],
    proposals=[len(p) for p in proposals],
    detections=[dict(boxes=rounded(d["boxes"]), scores=rounded(d["scores"]), classes=d["labels"].tolist()) for d in detections],
    losses={k: float(v) for k, v in losses.items()},
    gradients=gradients, norms=sizes_of_gradients, aligns=aligns,
    ssd=dict(
        boxes=[float(v) for v in defaults.double().sum(0)], some=rounded(defaults[::499]),
        targets=[dict(boxes=t["boxes"].flatten().tolist(), classes=t["labels"].tolist()) for t in truth],
        matches=[[[int(i), int(m[i])] for i in torch.where(m >= 0)[0]] for m in matches],
        losses={k: float(v) for k, v in ssd.items()},
    ),
)))
