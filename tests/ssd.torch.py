"""What torchvision computes for SSD300 with VGG-16: what detection-ssd-torch.test.ts expects.

    python3 tests/ssd.torch.py > tests/ssd.torch.json

Made with torchvision 0.14.1 on PyTorch 1.13. torchvision's own modules at an eighth of their width on
pictures of 300x300, in training and in detection. Every number is offset + scale v with v from a formula that the test has too.
"""
import json
import math

import torch
from torch import nn
from torchvision.models import vgg16
from torchvision.models.detection import ssd300_vgg16
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD, SSDFeatureExtractorVGG, SSDHead
from torchvision.ops import box_iou

from torch_numbers import numbers

CLASSES, SHARE, FIRST = 3, 8, 3


def narrow(module):
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            inputs = child.in_channels if child.in_channels == FIRST else child.in_channels // SHARE
            conv = nn.Conv2d(inputs, child.out_channels // SHARE, child.kernel_size, child.stride, child.padding, child.dilation)
            setattr(module, name, conv)
        else:
            narrow(child)


def build():
    backbone = SSDFeatureExtractorVGG(vgg16().features, False)
    narrow(backbone)
    backbone.scale_weight = nn.Parameter(torch.ones(512 // SHARE) * 20)
    generator = DefaultBoxGenerator([[2], [2, 3], [2, 3], [2, 3], [2], [2]], scales=[0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
                                    steps=[8, 16, 32, 64, 100, 300])
    channels = [c // SHARE for c in (512, 1024, 512, 256, 256, 256)]
    head = SSDHead(channels, generator.num_anchors_per_location(), CLASSES)
    return SSD(backbone, generator, (300, 300), CLASSES, head=head, score_thresh=0.4, nms_thresh=0.45, detections_per_img=30)


def filled(model):
    tensors = []
    for k, (name, tensor) in enumerate(model.state_dict().items()):
        shape = list(tensor.shape)
        offset, scale = 0, 0.1
        if len(shape) > 1:
            scale = math.sqrt(6 / math.prod(shape[1:]))
        elif name.endswith("scale_weight"):
            offset, scale = 20, 5
        if "head" in name:
            scale /= 3
        tensor.copy_(offset + scale * numbers(k, shape))
        tensors.append([name, shape, offset, scale, k])
    return tensors


def rounded(tensor, digits=6):
    return [float(f"{v:.{digits}g}") for v in tensor.detach().flatten().tolist()]


torch.manual_seed(0)
model = build().double()
tensors = filled(model)
images = ImageList(1.5 * numbers(1000, [2, 3, 300, 300]), [(300, 300), (280, 250)])
targets = [
    dict(boxes=torch.tensor([[10.0, 20, 130, 200], [150, 150, 170, 166], [0, 0, 290, 280], [200, 30, 246, 74]]), labels=torch.tensor([1, 2, 1, 2])),
    dict(boxes=torch.tensor([[100.0, 100, 220, 180], [20, 20, 170, 175], [10, 15, 220, 230]]), labels=torch.tensor([2, 1, 2])),
]


def forward():
    maps = list(model.backbone(images.tensors).values())
    outputs = model.head(maps)
    return maps, outputs, [d.double() for d in model.anchor_generator(images, maps)]


model.eval()
with torch.no_grad():
    maps, outputs, defaults = forward()
    detections = model.postprocess_detections(outputs, defaults, images.image_sizes)
model.train()
_, outputs, defaults = forward()
matches = [model.proposal_matcher(box_iou(t["boxes"].double(), d)) for t, d in zip(targets, defaults)]
losses = model.compute_loss([dict(t, boxes=t["boxes"].double()) for t in targets], outputs, defaults, matches)
sum(losses.values()).backward()
# Of every gradient its product with numbers: one number tells all of its entries.
gradients = {name: float((p.grad * numbers(500 + k, list(p.shape))).sum()) for k, (name, p) in enumerate(model.named_parameters())}
norms = {name: float(p.grad.norm()) for name, p in model.named_parameters()}

counts = {
    classes: sum(p.numel() for p in ssd300_vgg16(weights=None, weights_backbone=None, num_classes=classes).parameters())
    for classes in (21, 91)
}
print(json.dumps(dict(
    tensors=tensors, sizes=images.image_sizes, parameters=counts,
    names=list(ssd300_vgg16(weights=None, weights_backbone=None).state_dict()),
    maps=[list(m.shape[1:]) for m in maps],
    sums=[float(m.sum()) for m in maps],
    targets=[dict(boxes=t["boxes"].flatten().tolist(), classes=t["labels"].tolist()) for t in targets],
    detections=[dict(boxes=rounded(d["boxes"]), scores=rounded(d["scores"]), classes=d["labels"].tolist()) for d in detections],
    losses={k: float(v) for k, v in losses.items()},
    gradients=gradients, norms=norms,
)))
