"""Measures of a detector on windows, and the two simple rules it is measured beside."""

import numpy as np

CONTEXT = 8  # points at a window's beginning that are context only: a fault that shows nowhere else is not judged


def judged(flags):
    """Which windows count (bool [n]) and which of them hold a fault (bool [n])."""
    late, early = flags[:, CONTEXT:].any(axis=1), flags[:, :CONTEXT].any(axis=1)
    return late | ~early, late


def auroc(scores, truth):
    """Chance that a faulty window scores above a normal one, ties counted half."""
    ordered = np.sort(scores[~truth])
    below = np.searchsorted(ordered, scores[truth], "left") + np.searchsorted(ordered, scores[truth], "right")
    return float(below.mean() / (2 * len(ordered)))


def precision_recall(scores, truth, threshold):
    found = scores > threshold
    return (found & truth).sum() / max(1, found.sum()), (found & truth).sum() / truth.sum()


def best_threshold(scores, truth):
    """The threshold with the highest F1, in the middle between two scores."""
    order = np.argsort(-scores)
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(len(scores)) + 1 + truth.sum())
    at = int(np.argmax(f1[:-1]))
    return float((scores[order[at]] + scores[order[at + 1]]) / 2)


def rolling_z(windows, history=16):
    """Largest distance of a point from the mean of the 16 before it, in their standard deviations."""
    frames = np.lib.stride_tricks.sliding_window_view(windows.astype(np.float64), history, axis=1)[:, :-1]
    spread = frames.std(axis=2) + 0.01 * windows.std(axis=1, keepdims=True) + 1e-12
    return (np.abs(windows[:, history:] - frames.mean(axis=2)) / spread).max(axis=1)


def median_distance(windows):
    """Largest distance of a point from the window's median, in median absolute deviations."""
    away = np.abs(windows - np.median(windows, axis=1, keepdims=True))
    return away.max(axis=1) / (np.median(away, axis=1) + 0.01 * windows.std(axis=1) + 1e-12)
