"""Measures 1/model.onnx on scenes of the test part, and writes held-out/ and samples/."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from scenes import BARS, SIDE, pool, scene

HERE = Path(__file__).parent
SCENES, KEPT, SCORE, OVERLAP = 400, 16, 0.25, 0.45


def letterbox(image):
    """The image in the middle of the model's square, as the server does it by the file's metadata."""
    height, width = image.shape
    factor = max(width, height) / SIDE
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = np.asarray(Image.fromarray((image * 255).round().astype(np.uint8)).resize(size, Image.BILINEAR)) / 255
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    canvas = np.full((SIDE, SIDE), BARS, np.float32)
    canvas[top:top + size[1], left:left + size[0]] = small
    return canvas, factor, left, top


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(a) + area(b) - width * height)


def detect(session, image, least):
    """Rows of x0, y0, x1, y1, class, score in pixels of the image, best first, before any gives way."""
    canvas, factor, left, top = letterbox(image)
    table = session.run(None, {"images": np.repeat(canvas[None, None], 3, 1)})[0][0].T.astype(np.float64)
    rows = []
    for cx, cy, w, h, *scores in table:
        label = int(np.argmax(scores))
        if scores[label] >= least:
            corners = np.array([cx - w / 2 - left, cy - h / 2 - top, cx + w / 2 - left, cy + h / 2 - top]) * factor
            rows.append((*corners, label, scores[label]))
    return sorted(rows, key=lambda row: -row[5])


def suppress(rows, across):
    """Boxes that overlap a better one give way: one of their class, or of any class."""
    kept = []
    for row in rows:
        if all((row[4] != other[4] and not across) or overlap(row, other) <= OVERLAP for other in kept):
            kept.append(row)
    return kept


def average_precision(found, wanted, label):
    """Area below the precision made monotone, over recall, of one class; a box counts once, where half of it is shared."""
    total = sum(sum(1 for box in boxes if box[4] == label) for boxes in wanted)
    taken, hits = set(), []
    for scene_index, row in sorted(((n, row) for n, rows in enumerate(found) for row in rows if row[4] == label), key=lambda entry: -entry[1][5]):
        candidates = [(overlap(row, box), index) for index, box in enumerate(wanted[scene_index]) if box[4] == label]
        share, index = max(candidates, default=(0.0, -1))
        is_hit = share >= 0.5 and (scene_index, index) not in taken
        if is_hit:
            taken.add((scene_index, index))
        hits.append(is_hit)
    right = np.cumsum(hits)
    precision = np.maximum.accumulate((right / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float(np.sum(precision * np.array(hits)) / total), total


def tell(found, wanted):
    """Prints the figures of the README."""
    parts = [average_precision(found, wanted, label) for label in range(10)]
    for label, (value, total) in enumerate(parts):
        print(f"{label}: {value:.4f} of {total}")
    print(f"mAP@0.5 {np.mean([value for value, _ in parts]):.4f} on {len(wanted)} scenes, {sum(total for _, total in parts)} digits")
    sure = [[row for row in rows if row[5] >= SCORE] for rows in found]
    right = sum(any(row[4] == box[4] and overlap(row, box) >= 0.5 for row in rows) for rows, boxes in zip(sure, wanted) for box in boxes)
    print(f"at score {SCORE}: {right} of {sum(map(len, wanted))} digits found, {sum(map(len, sure))} boxes")


def main():
    session = onnxruntime.InferenceSession(str(HERE / "1" / "model.onnx"))
    digits, rng = pool("test", 3000, seed=11), np.random.default_rng(11)
    scenes = [scene(digits, rng, int(rng.integers(200, 321)), int(rng.integers(200, 321)), scale=2.0) for _ in range(SCENES)]
    wanted = [boxes for _, boxes in scenes]
    found = [detect(session, image, 0.01) for image, _ in scenes]
    for across in (False, True):
        print(f'"suppress": "{"all" if across else "class"}"')
        tell([suppress(rows, across) for rows in found], wanted)
    for folder in ("held-out", "samples"):
        (HERE / folder).mkdir(exist_ok=True)
    for index, (image, _) in enumerate(scenes[:KEPT]):
        Image.fromarray((image * 255).round().astype(np.uint8)).save(HERE / "held-out" / f"{index:02}.png", optimize=True)
    for index in (0, 3, 5):
        Image.fromarray((scenes[index][0] * 255).round().astype(np.uint8)).save(HERE / "samples" / f"{index}.png", optimize=True)
    boxes = [[[*map(int, box)] for box in rows] for rows in wanted[:KEPT]]
    (HERE / "held-out" / "boxes.json").write_text(json.dumps(boxes) + "\n")


if __name__ == "__main__":
    main()
