"""Canvases with many handwritten digits: which digit, and where. Digits, split and distortions are those of ../digits."""

import sys
from pathlib import Path

import jax
import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).parent.parent / "digits"))
from data import render, split, warp, write  # noqa: E402
from strokes import drawn  # noqa: E402

SIDE = 160  # pixels of the model's square input
BARS = 114 / 255  # gray of the bars beside images that are not square, as Ultralytics has them
INK = 0.25  # what of a stroke counts for its box


def pool(part, count, seed):
    """Distorted digits of one part of the split, bright on dark: (pictures [count,28,28], labels [count])."""
    images, labels = split()[{"train": 0, "validation": 1, "test": 2}[part]]
    pictures = render(images)
    if part == "train":
        strokes, stroke_labels = drawn(each=200, seed=seed)
        pictures, labels = np.concatenate([pictures, strokes]), np.concatenate([labels, stroke_labels])
    rng = np.random.default_rng(seed)
    made = []
    for index, start in enumerate(range(0, count, 1000)):
        pick = rng.choice(len(pictures), min(1000, count - start))
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), index))
        made.append((np.asarray(write(warp(pictures[pick], keys[0]), keys[1])), labels[pick]))
    return np.concatenate([p for p, _ in made]), np.concatenate([l for _, l in made])


def scene(digits, rng, width=SIDE, height=SIDE, scale=1.0):
    """One canvas in 0..1 and its digits as rows of x0, y0, x1, y1, class: 1 to 12 of them, 12 to 48 pixels high at scale 1."""
    pictures, labels = digits
    ink = np.zeros((height, width), np.float32)
    found = []
    size = np.exp(rng.uniform(np.log(0.8), np.log(2.0)))
    for _ in range(rng.integers(1, 13)):
        pick = rng.integers(len(labels))
        side = int(28 * size * np.exp(rng.uniform(-0.2, 0.2)) * scale)
        patch = np.clip(np.asarray(Image.fromarray(pictures[pick]).resize((side, side), Image.BILINEAR)), 0, 1)
        rows, columns = np.flatnonzero(patch.max(1) > INK), np.flatnonzero(patch.max(0) > INK)
        if len(rows) == 0 or rows[-1] - rows[0] < 7 * scale:
            continue
        top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        for _ in range(12):
            x, y = rng.integers(0, max(1, width - (right - left))), rng.integers(0, max(1, height - (bottom - top)))
            box = (x, y, x + right - left, y + bottom - top)
            if box[2] <= width and box[3] <= height and all(apart(box, other, 2 * scale) for other in found):
                part = ink[box[1]:box[3], box[0]:box[2]]
                np.maximum(part, patch[top:bottom, left:right], out=part)
                found.append((*box, labels[pick]))
                break
    return photograph(ink, rng), np.array(found, np.float32).reshape(-1, 5)


def apart(a, b, gap):
    return a[2] + gap <= b[0] or b[2] + gap <= a[0] or a[3] + gap <= b[1] or b[3] + gap <= a[1]


def photograph(ink, rng):
    """Paper of any brightness, ink brighter or darker than it, light from a side, grain, and now and then ruled lines."""
    height, width = ink.shape
    contrast = rng.uniform(0.35, 1.0)
    paper = rng.uniform(0, 1 - contrast)
    light = rng.uniform(-0.08, 0.08) * np.linspace(-1, 1, height)[:, None] + rng.uniform(-0.08, 0.08) * np.linspace(-1, 1, width)
    ink = ink.copy()
    if rng.random() < 0.2:
        ink[rng.integers(4, 12)::rng.integers(14, 40)] = np.maximum(ink[rng.integers(4, 12)::40], 0).mean() + rng.uniform(0.1, 0.3)
    out = paper + contrast * (ink + light + rng.normal(0, rng.uniform(0, 0.05), ink.shape))
    return np.clip(1 - out if rng.random() < 0.5 else out, 0, 1).astype(np.float32)


def training_scene(digits, rng):
    """A scene as the model's input: square, or with bars on two sides."""
    if rng.random() < 0.6:
        return scene(digits, rng)
    short = int(rng.integers(80, SIDE))
    width, height = (SIDE, short) if rng.random() < 0.5 else (short, SIDE)
    content, boxes = scene(digits, rng, width, height)
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    canvas = np.full((SIDE, SIDE), BARS, np.float32)
    canvas[top:top + height, left:left + width] = content
    return canvas, boxes + np.array([left, top, left, top, 0], np.float32)
