"""Trains the digit classifier and writes 1/model.onnx. About six minutes on two cores.

The test set is read by report.py only: nothing here looks at it.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx

from data import distort, render, split
from network import forward, initialise, to_onnx
from strokes import drawn

HERE = Path(__file__).parent
DRAWN = 0.3  # share of training pictures that are drawn by rule
DESCRIPTION = "Handwritten digit classifier trained on the UCI digits (E. Alpaydin, C. Kaynak; CC BY 4.0)"


def loss(params, images, labels, key):
    log = jax.nn.log_softmax(forward(params, images, key))
    target = jax.nn.one_hot(labels, 10) * 0.97 + 0.003
    return -jnp.mean(jnp.sum(target * log, axis=1))


@jax.jit
def step(state, pictures, labels, key, rate):
    """One AdamW step on freshly distorted pictures, and the running average of the weights that is kept in the end."""
    params, first, second, average, count = state
    distort_key, dropout_key = jax.random.split(key)
    value, grads = jax.value_and_grad(loss)(params, distort(pictures, distort_key)[:, None], labels, dropout_key)
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)
    move = lambda p, m, v: p - rate * (m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8) + 1e-3 * p)
    params = jax.tree.map(move, params, first, second)
    keep = jnp.minimum(0.995, count / (count + 10))
    average = jax.tree.map(lambda a, p: keep * a + (1 - keep) * p, average, params)
    return (params, first, second, average, count), value


def accuracy(params, pictures, labels):
    return float(np.mean(np.argmax(np.asarray(jax.jit(forward)(params, pictures[:, None])), axis=1) == labels))


def train(steps, batch, peak, seed):
    """The averaged weights of the evaluation with the best validation accuracy, plain and distorted taken together."""
    (train_images, train_labels), (val_images, val_labels), _ = split()
    plain, (strokes, stroke_labels) = render(val_images), drawn(each=400, seed=seed)
    pictures = np.concatenate([render(train_images), strokes])
    labels = np.concatenate([train_labels, stroke_labels])
    share = np.where(np.arange(len(labels)) < len(train_labels), (1 - DRAWN) / len(train_labels), DRAWN / len(stroke_labels))
    rough = np.asarray(distort(np.tile(plain, (8, 1, 1)), jax.random.key(1)))
    params = initialise(seed)
    zeros = jax.tree.map(np.zeros_like, params)
    state, best = (params, zeros, zeros, params, jnp.float32(0)), (0.0, params)
    rng, key = np.random.default_rng(seed), jax.random.key(seed)
    for index in range(1, steps + 1):
        pick = rng.choice(len(pictures), batch, p=share)
        rate = peak * min(1.0, index / 100) * 0.5 * (1 + np.cos(np.pi * index / steps))
        state, value = step(state, pictures[pick], labels[pick], jax.random.fold_in(key, index), rate)
        if index % 200 == 0 or index == steps:
            plain_score = accuracy(state[3], plain, val_labels)
            rough_score = accuracy(state[3], rough, np.tile(val_labels, 8))
            print(f"step {index} loss {float(value):.3f} validation {plain_score:.4f} distorted {rough_score:.4f}", flush=True)
            best = max(best, (plain_score + rough_score, state[3]), key=lambda entry: entry[0])
    return best[1]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--steps", type=int, default=5000)
    options.add_argument("--out", type=Path, default=HERE / "1" / "model.onnx")
    args = options.parse_args()
    params = train(args.steps, batch=128, peak=2e-3, seed=7)
    args.out.parent.mkdir(exist_ok=True)
    onnx.save(to_onnx(params, DESCRIPTION), args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
