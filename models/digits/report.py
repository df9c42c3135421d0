"""Measures 1/model.onnx, as the runtime runs it, on the test set; writes held-out/ and samples/ and prints the README's figures."""

from pathlib import Path

import jax
import numpy as np
import onnxruntime
from PIL import Image

from data import distort, render, split

HERE = Path(__file__).parent
COLUMNS = 20  # tiles in a row of the held-out sheet
Z_95 = 1.96


def classify(pictures):
    """Digit of each picture [n,28,28] in 0..1, by ONNX Runtime."""
    session = onnxruntime.InferenceSession(HERE / "1" / "model.onnx", providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"image": np.asarray(pictures, np.float32)[:, None]})
    return np.argmax(logits, axis=1)


def interval(right, total):
    """Wilson's 95 % interval of a share."""
    share, square = right / total, Z_95**2 / total
    middle, half = share + square / 2, Z_95 * np.sqrt(share * (1 - share) / total + square / (4 * total))
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def line(name, guesses, labels):
    right, total = int((guesses == labels).sum()), len(labels)
    low, high = interval(right, total)
    return f"{name}: {right} of {total} right, {right / total:.2%} (95 % interval {low:.2%} to {high:.2%})"


def table(guesses, labels):
    rows = [[int(((labels == digit) & (guesses == guess)).sum()) for guess in range(10)] for digit in range(10)]
    head = "| digit | " + " | ".join(map(str, range(10))) + " |\n| --- |" + " ---: |" * 10
    return "\n".join([head] + [f"| **{digit}** | " + " | ".join(map(str, row)) + " |" for digit, row in enumerate(rows)])


def write_held_out(images, labels):
    """The test set itself: a sheet of 8x8 tiles, row by row, gray = 15 times the 0..16 of the data; and its labels."""
    folder = HERE / "held-out"
    folder.mkdir(exist_ok=True)
    tiles = np.round(images * 240).astype(np.uint8).reshape(-1, COLUMNS, 8, 8)
    Image.fromarray(tiles.transpose(0, 2, 1, 3).reshape(-1, COLUMNS * 8)).save(folder / "digits.png", optimize=True)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))


def write_samples(images, labels):
    """The first test picture of every digit, and the second of a 5 and a 7 as dark ink on light paper."""
    folder = HERE / "samples"
    folder.mkdir(exist_ok=True)
    pixels = np.round(render(images, side=224, ink=160) * 255).astype(np.uint8)
    for digit in range(10):
        Image.fromarray(pixels[np.flatnonzero(labels == digit)[0]]).save(folder / f"{digit}.png", optimize=True)
    for digit in (5, 7):
        paper = 235 - (pixels[np.flatnonzero(labels == digit)[1]] * 0.8).astype(np.uint8)
        Image.fromarray(paper).save(folder / f"{digit}-on-paper.png", optimize=True)


def main():
    _, _, (images, labels) = split()
    write_held_out(images, labels)
    write_samples(images, labels)
    plain = render(images)
    guesses = classify(plain)
    print(line("plain", guesses, labels))
    print(line("dark on light", classify(1 - plain), labels))
    distorted = distort(np.tile(plain, (8, 1, 1)), jax.random.key(2))
    print(line("distorted, 8 each", classify(distorted), np.tile(labels, 8)))
    print(table(guesses, labels))


if __name__ == "__main__":
    main()
