"""Metrics as servers and sensors report them, made by rule, with faults put in and marked."""

import numpy as np

WINDOW = 64
KINDS = ("spike", "dropout", "level shift", "stuck", "noise burst")


def season(rng, length):
    """A day of 40 to 240 samples in one to three harmonics, some days with a short regular peak (a nightly job)."""
    period, phase = rng.uniform(40, 240), rng.uniform(0, 1)
    cycle = np.arange(length) / period + phase
    wave = sum(rng.normal(0, 1 / order) * np.sin(2 * np.pi * (order * cycle + rng.uniform())) for order in range(1, rng.integers(2, 5)))
    if rng.random() < 0.2:
        wave = wave + rng.uniform(0.5, 2) * np.exp(-0.5 * (((cycle * rng.integers(1, 5)) % 1 - 0.5) / rng.uniform(0.03, 0.1)) ** 2)
    return wave * rng.choice([0.0, 1.0], p=[0.15, 0.85])


def noise(rng, length):
    """Noise with memory and, in some metrics, heavier tails than the normal distribution's."""
    memory = rng.choice([0.0, rng.uniform(0, 0.8)])
    shocks = rng.normal(size=length) if rng.random() < 0.7 else rng.standard_t(6, length) * 0.8
    out = np.empty(length)
    level = 0.0
    for index, shock in enumerate(shocks):
        level = memory * level + np.sqrt(1 - memory**2) * shock
        out[index] = level
    return out


def normal_series(rng, length):
    """A series without faults, and the size of its noise."""
    sigma = np.exp(rng.uniform(np.log(0.02), np.log(0.6)))
    wave = season(rng, length)
    loud = 1 + (0.6 * (wave - wave.min()) / (np.ptp(wave) + 1e-9) if rng.random() < 0.3 else 0)
    trend = rng.normal(0, 0.5) * np.linspace(0, length / 256, length)
    return wave + trend + sigma * loud * noise(rng, length), sigma


def add_fault(rng, values, sigma, start):
    """Puts one fault into values at start; its kind and its marked range [start, end)."""
    kind, sign = rng.choice(KINDS), rng.choice([-1, 1])
    spread = max(np.std(values), sigma)
    size = max(sigma * rng.uniform(5, 14), spread * rng.uniform(0.6, 2.0))
    if kind == "spike":
        end = start + rng.integers(1, 4)
        values[start:end] += sign * size
    elif kind == "dropout":
        end = start + rng.integers(2, 12)
        values[start:end] = min(values.min(), np.median(values) - 1.5 * size) + sigma * 0.1 * rng.normal(size=end - start)
    elif kind == "level shift":
        end = start + 8
        values[start:] += sign * size
    elif kind == "stuck":
        end = start + rng.integers(12, 24)
        values[start:end] = values[start]
    else:
        end = start + rng.integers(8, 20)
        values[start:end] += size * 0.7 * rng.normal(size=end - start)
    return str(kind), int(start), int(end)


def finish(rng, values):
    """The unit of a metric: any offset and size, some in whole numbers, some never below zero."""
    scale = 10 ** rng.uniform(-2, 5)
    offset = rng.choice([0.0, rng.uniform(0, 6)])
    values = values + offset
    if rng.random() < 0.25:
        values = np.maximum(values - values.min() * rng.uniform(0, 1), 0)
    if rng.random() < 0.15:
        scale = rng.uniform(8, 100)
        values = np.round(values * scale) / scale
    return (values * scale).astype(np.float32)


def labelled_series(rng, length, faults):
    """One series with that many faults well apart: values [length] and a list of (kind, start, end)."""
    values, sigma = normal_series(rng, length)
    starts = np.sort(rng.choice(np.arange(1, max(2, length // 96)), faults, replace=False)) * 96 + rng.integers(-32, 32, faults)
    marks = [add_fault(rng, values, sigma, start) for start in starts]
    return finish(rng, values), marks


def windows(values, marks, stride):
    """Windows [n,64] and the marks of their points [n,64]."""
    flags = np.zeros(len(values), np.float32)
    for _, start, end in marks:
        flags[start:end] = 1
    starts = range(0, len(values) - WINDOW + 1, stride)
    return np.stack([values[at : at + WINDOW] for at in starts]), np.stack([flags[at : at + WINDOW] for at in starts])


def training_windows(rng, count):
    """Single windows for training, four of ten with a fault that begins somewhere after their eighth point."""
    inputs, flags = np.empty((count, WINDOW), np.float32), np.zeros((count, WINDOW), np.float32)
    for index in range(count):
        values, sigma = normal_series(rng, WINDOW * 3)
        cut = rng.integers(32, 64)
        if rng.random() < 0.4:
            _, start, end = add_fault(rng, values, sigma, cut + rng.integers(8, WINDOW))
            flags[index, start - cut : min(end - cut, WINDOW)] = 1
        inputs[index] = finish(rng, values)[cut : cut + WINDOW]
    return inputs, flags
