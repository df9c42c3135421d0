"""Digits drawn with a pen by rule, as on a screen: the ways of writing one that the data lacks (open 4, crossed 7, hooked 1)."""

import math

import numpy as np
from PIL import Image, ImageDraw

SCALE = 10  # drawn larger, then averaged down


def arc(x, y, width, height, start, end):
    """Points on an ellipse from one angle to another, in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / 24) for step in range(25)]
    return [(x + width * math.cos(angle), y + height * math.sin(angle)) for angle in angles]


# Ways to write each digit: strokes in a unit square, y down.
WAYS = {
    0: [[arc(0.5, 0.5, 0.3, 0.45, -90, 270)], [arc(0.5, 0.5, 0.38, 0.45, -70, 290)]],
    1: [[[(0.5, 0.05), (0.5, 0.95)]], [[(0.3, 0.27), (0.52, 0.05), (0.52, 0.95)]],
        [[(0.3, 0.25), (0.52, 0.05), (0.52, 0.95)], [(0.28, 0.95), (0.76, 0.95)]]],
    2: [[arc(0.5, 0.32, 0.29, 0.27, -175, 35) + [(0.22, 0.95), (0.82, 0.95)]],
        [arc(0.5, 0.3, 0.27, 0.25, -160, 40) + arc(0.32, 0.85, 0.1, 0.1, -60, -300) + [(0.85, 0.95)]]],
    3: [[arc(0.47, 0.28, 0.27, 0.23, -155, 90) + arc(0.47, 0.72, 0.31, 0.23, -90, 155)],
        [[(0.2, 0.06), (0.75, 0.06), (0.45, 0.4)] + arc(0.47, 0.67, 0.3, 0.28, -85, 150)]],
    4: [[[(0.6, 0.05), (0.15, 0.65), (0.88, 0.65)], [(0.64, 0.05), (0.64, 0.95)]],
        [[(0.22, 0.08), (0.2, 0.52), (0.8, 0.52)], [(0.76, 0.05), (0.76, 0.95)]],
        [[(0.3, 0.05), (0.15, 0.55), (0.85, 0.52)], [(0.66, 0.3), (0.6, 0.95)]]],
    5: [[[(0.8, 0.06), (0.3, 0.06), (0.26, 0.45)] + arc(0.47, 0.67, 0.31, 0.28, -130, 150)],
        [[(0.3, 0.06), (0.27, 0.42)] + arc(0.47, 0.67, 0.31, 0.28, -110, 150), [(0.3, 0.06), (0.82, 0.06)]]],
    6: [[[(0.72, 0.05)] + arc(0.5, 0.67, 0.3, 0.28, -165, 200)],
        [[(0.55, 0.05), (0.26, 0.5)] + arc(0.5, 0.7, 0.26, 0.25, -180, 180)]],
    7: [[[(0.18, 0.08), (0.82, 0.08), (0.42, 0.95)]],
        [[(0.18, 0.08), (0.82, 0.08), (0.42, 0.95)], [(0.35, 0.5), (0.78, 0.5)]],
        [[(0.18, 0.2), (0.2, 0.08), (0.8, 0.08), (0.55, 0.45), (0.5, 0.95)]]],
    8: [[arc(0.5, 0.28, 0.24, 0.23, 90, 450) + arc(0.5, 0.73, 0.29, 0.22, -90, 270)]],
    9: [[arc(0.5, 0.31, 0.28, 0.26, 0, 360) + [(0.78, 0.31), (0.72, 0.95)]],
        [arc(0.5, 0.31, 0.28, 0.26, 0, 360) + arc(0.5, 0.6, 0.28, 0.35, 0, 130)]],
}


def draw(strokes, rng, side, ink):
    """One picture [side,side] in 0..1, bright on dark, the digit about ink pixels high."""
    wobble = rng.normal(0, 0.02, (4, 2))
    width = rng.uniform(1.0, 3.2) * SCALE
    aspect = rng.uniform(0.7, 1.1)
    sheet = Image.new("L", (side * SCALE, side * SCALE))
    pen = ImageDraw.Draw(sheet)
    for stroke in strokes:
        at = np.array(stroke) - 0.5
        bend = wobble[0] * np.sin(3 * at[:, ::-1]) + wobble[1] * np.cos(5 * at[:, ::-1]) + wobble[2]
        points = ((at + bend + rng.normal(0, 0.006, at.shape)) * [ink * aspect, ink] + side / 2) * SCALE
        pen.line([tuple(point) for point in points], fill=255, width=round(width), joint="curve")
        for x, y in points:
            pen.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return np.asarray(sheet.resize((side, side), Image.Resampling.BOX), np.float32) / 255


def drawn(each, seed, side=28, ink=20):
    """Pictures [10*each,side,side] and labels, every way of a digit equally often."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10, dtype=np.int32), each)
    pictures = [draw(WAYS[digit][rng.integers(len(WAYS[digit]))], rng, side, ink) for digit in labels]
    return np.stack(pictures), labels
