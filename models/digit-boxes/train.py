"""Trains the detector of handwritten digits and writes 1/model.onnx. The test part is read by report.py only."""

import argparse
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx

from network import CELL, CELLS, CLASSES, USUAL, forward, initialise, to_onnx
from scenes import pool, training_scene

HERE = Path(__file__).parent
DESCRIPTION = "Detector of handwritten digits, trained on the UCI digits (E. Alpaydin, C. Kaynak; CC BY 4.0)"


def targets(boxes):
    """Per cell: box parameters [4], class (-1: none) and how much each counts; the cells around a middle count for its box too."""
    params = np.zeros((4, CELLS, CELLS), np.float32)
    classes = np.full((CELLS, CELLS), -1, np.int32)
    ignored = np.zeros((CELLS, CELLS), bool)
    near = np.full((CELLS, CELLS), np.inf)
    for x0, y0, x1, y1, label in boxes:
        cx, cy, w, h = (x0 + x1) / 2 / CELL, (y0 + y1) / 2 / CELL, x1 - x0, y1 - y0
        for row in range(max(0, int(cy) - 1), min(CELLS, int(cy) + 2)):
            for column in range(max(0, int(cx) - 1), min(CELLS, int(cx) + 2)):
                dx, dy = cx - column - 0.5, cy - row - 0.5
                if max(abs(dx), abs(dy)) > 1:
                    ignored[row, column] = True
                elif dx * dx + dy * dy < near[row, column]:
                    near[row, column] = dx * dx + dy * dy
                    params[:, row, column] = dx, dy, np.log(w / USUAL), np.log(h / USUAL)
                    is_middle = max(abs(dx), abs(dy)) <= 0.6
                    classes[row, column] = label if is_middle else -2
    return params, classes, ignored


def batch_of(digits, rng, count):
    made = [training_scene(digits, rng) for _ in range(count)]
    wanted = [targets(boxes) for _, boxes in made]
    images = np.stack([image for image, _ in made])[:, None]
    return images, *(np.stack([one[part] for one in wanted]) for part in range(3))


def loss(params, images, boxes, classes, ignored):
    out = forward(params, images)
    logits = out[:, 4:]
    wanted = jax.nn.one_hot(classes, CLASSES, axis=1)
    share = jax.nn.sigmoid(logits)
    entropy = jnp.maximum(logits, 0) - logits * wanted + jnp.log1p(jnp.exp(-jnp.abs(logits)))
    counts = (~ignored & (classes != -2))[:, None]
    found = jnp.maximum(1, jnp.sum(classes >= 0))
    named = jnp.sum(entropy * jnp.abs(wanted - share) ** 1.5 * counts) / found
    has_box = (classes != -1)[:, None]
    placed = jnp.sum(jnp.abs(out[:, :4] - boxes) * has_box) / jnp.maximum(1, jnp.sum(has_box))
    return named + placed


@jax.jit
def step(state, batch, rate):
    """One AdamW step, and the running average of the weights that is kept in the end."""
    params, first, second, average, count = state
    value, grads = jax.value_and_grad(loss)(params, *batch)
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)
    move = lambda p, m, v: p - rate * (m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8) + 1e-3 * p)
    params = jax.tree.map(move, params, first, second)
    keep = jnp.minimum(0.99, count / (count + 10))
    average = jax.tree.map(lambda a, p: keep * a + (1 - keep) * p, average, params)
    return (params, first, second, average, count), value


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--steps", type=int, default=1500)
    options.add_argument("--batch", type=int, default=16)
    options.add_argument("--out", type=Path, default=HERE / "1" / "model.onnx")
    args = options.parse_args()
    started = time.process_time()
    digits = pool("train", 12_000, seed=7)
    params = initialise(7)
    zeros = jax.tree.map(np.zeros_like, params)
    state, rng = (params, zeros, zeros, params, jnp.float32(0)), np.random.default_rng(7)
    values = []
    for index in range(1, args.steps + 1):
        rate = 4e-3 * min(1.0, index / 100) * 0.5 * (1 + np.cos(np.pi * index / args.steps))
        state, value = step(state, batch_of(digits, rng, args.batch), rate)
        values.append(float(value))
        if index % 100 == 0:
            print(f"step {index} loss {np.mean(values[-100:]):.3f} processor {time.process_time() - started:.0f} s", flush=True)
    args.out.parent.mkdir(exist_ok=True)
    onnx.save(to_onnx(state[3], DESCRIPTION), args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
