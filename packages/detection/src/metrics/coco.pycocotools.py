"""
Writes coco.pycocotools.json: made-up pictures and what pycocotools (2.0, COCOeval with iouType 'bbox') says of them.

    pip install numpy pycocotools && python3 coco.pycocotools.py

Coordinates are whole numbers and scores few, so that overlaps and scores tie; some objects are crowds, some have a
segment's area of their own, some pictures have no object or no detection, one class has no object at all.
"""
import contextlib
import io
import json
import os

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def case(seed, pictures, classes, size, crowds):
    r = np.random.default_rng(seed)
    truth, found = [], []
    for p in range(pictures):
        objects = int(r.integers(0, 7)) if p % 5 else 0
        t = {"boxes": [], "classes": [], "crowd": [], "areas": []}
        for _ in range(objects):
            w, h = (int(x) for x in r.integers(4, size, 2))
            x, y = (int(v) for v in r.integers(0, 200, 2))
            t["boxes"] += [x, y, x + w, y + h]
            t["classes"].append(int(r.integers(0, classes - 1)))
            t["crowd"].append(int(r.random() < crowds))
            t["areas"].append(int(w * h * (1 if r.random() < 0.5 else r.uniform(0.3, 1))))
        d = {"boxes": [], "scores": [], "classes": []}
        for g in range(objects):
            for _ in range(int(r.integers(0, 4))):
                x1, y1, x2, y2 = (v + int(r.integers(-3, 4)) for v in t["boxes"][4 * g:4 * g + 4])
                if x2 <= x1 or y2 <= y1:
                    continue
                d["boxes"] += [x1, y1, x2, y2]
                d["scores"].append(int(r.integers(1, 20)) / 20)
                d["classes"].append(t["classes"][g] if r.random() < 0.9 else int(r.integers(0, classes)))
        for _ in range(int(r.integers(0, 3)) if p % 7 else 0):
            x, y, w, h = (int(v) for v in r.integers(4, 100, 4))
            d["boxes"] += [x, y, x + w, y + h]
            d["scores"].append(int(r.integers(1, 20)) / 20)
            d["classes"].append(int(r.integers(0, classes)))
        truth.append(t)
        found.append(d)
    return {"classes": classes, "truth": truth, "detections": found, "expected": expected(truth, found, classes)}


def expected(truth, found, classes):
    def xywh(boxes, i):
        x1, y1, x2, y2 = boxes[4 * i:4 * i + 4]
        return [x1, y1, x2 - x1, y2 - y1]

    annotations = []
    for p, t in enumerate(truth):
        for i, label in enumerate(t["classes"]):
            annotations.append({
                "id": len(annotations) + 1, "image_id": p + 1, "category_id": label + 1,
                "bbox": xywh(t["boxes"], i), "area": t["areas"][i], "iscrowd": t["crowd"][i]})
    results = [
        {"image_id": p + 1, "category_id": label + 1, "bbox": xywh(d["boxes"], i), "score": d["scores"][i]}
        for p, d in enumerate(found) for i, label in enumerate(d["classes"])]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": p + 1} for p in range(len(truth))], "annotations": annotations,
            "categories": [{"id": c + 1} for c in range(classes)]}
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()

    def number(value):
        return None if value < 0 else float(value)

    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    return {
        "stats": [number(value) for value in evaluation.stats],
        "classes": [number(precision[:, :, c].mean()) for c in range(classes)]}


cases = [case(1, 16, 4, 60, 0.2), case(2, 12, 3, 150, 0.1), case(3, 10, 2, 30, 0.0)]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "coco.pycocotools.json"), "w") as file:
    json.dump(cases, file)
    file.write("\n")
