"""Trains the anomaly detector and writes 1/model.onnx, its scores shifted so that 0.5 is the threshold. Six minutes on two cores."""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx

from network import forward, initialise, to_onnx
from scores import auroc, best_threshold, judged
from series import labelled_series, training_windows, windows

HERE = Path(__file__).parent
TRAINING_SEED, VALIDATION_SEED = 11, 12
DESCRIPTION = "Anomaly detector for windows of 64 samples of a metric; trained on generated series"


def validation():
    """Windows, marks and truth of 80 labelled series of their own seed."""
    rng = np.random.default_rng(VALIDATION_SEED)
    parts = [windows(*labelled_series(rng, 512, rng.integers(1, 4)), stride=16) for _ in range(80)]
    inputs, flags = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    counted, truth = judged(flags)
    return inputs[counted], truth[counted]


def loss(params, inputs, flags):
    """Cross-entropy of every point and of the window's strongest point."""
    logits = forward(params, inputs)
    cross = lambda logit, flag: jnp.mean(jax.nn.softplus(logit) - flag * logit)
    return cross(logits, flags) * 4 + cross(jnp.max(logits, axis=1), jnp.max(flags, axis=1))


@jax.jit
def step(state, inputs, flags, rate):
    """One Adam step, and the running average of the weights that is kept in the end."""
    params, first, second, average, count = state
    value, grads = jax.value_and_grad(loss)(params, inputs, flags)
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)
    move = lambda p, m, v: p - rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    params = jax.tree.map(move, params, first, second)
    keep = jnp.minimum(0.995, count / (count + 10))
    average = jax.tree.map(lambda a, p: keep * a + (1 - keep) * p, average, params)
    return (params, first, second, average, count), value


def train(steps, batch, peak):
    """Averaged weights after all steps, with the threshold of the best F1 on the validation series moved to logit 0."""
    rng = np.random.default_rng(TRAINING_SEED)
    inputs, flags = training_windows(rng, 60_000)
    val_inputs, val_truth = validation()
    params = initialise(TRAINING_SEED)
    zeros = jax.tree.map(np.zeros_like, params)
    state = (params, zeros, zeros, params, jnp.float32(0))
    window_logits = jax.jit(lambda params, inputs: jnp.max(forward(params, inputs), axis=1))
    score = lambda params: np.asarray(window_logits(params, val_inputs))
    for index in range(1, steps + 1):
        pick = rng.choice(len(inputs), batch)
        turned = np.where(rng.random((batch, 1)) < 0.5, -1, 1).astype(np.float32)
        rate = peak * min(1.0, index / 100) * 0.5 * (1 + np.cos(np.pi * index / steps))
        state, value = step(state, inputs[pick] * turned, flags[pick], rate)
        if index % 500 == 0 or index == steps:
            print(f"step {index} loss {float(value):.3f} validation AUROC {auroc(score(state[3]), val_truth):.4f}", flush=True)
    kept = dict(state[3])
    kept["point.b"] = kept["point.b"] - best_threshold(score(kept), val_truth)
    return kept


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--steps", type=int, default=6000)
    options.add_argument("--out", type=Path, default=HERE / "1" / "model.onnx")
    args = options.parse_args()
    params = train(args.steps, batch=128, peak=3e-3)
    args.out.parent.mkdir(exist_ok=True)
    onnx.save(to_onnx(params, DESCRIPTION), args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
