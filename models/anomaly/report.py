"""Measures 1/model.onnx, as the runtime runs it, on the held-out series; writes held-out/ and samples/ and prints the README's figures."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

from scores import auroc, best_threshold, judged, median_distance, precision_recall, rolling_z
from series import KINDS, WINDOW, labelled_series, windows
from train import validation

HERE = Path(__file__).parent
HELD_OUT_SEED, SERIES, LENGTH, STRIDE = 13, 48, 512, 16


def held_out():
    """The labelled test series, as they are kept: five significant digits, faults as [start, end, kind]."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    made = [labelled_series(rng, LENGTH, rng.integers(1, 4)) for _ in range(SERIES)]
    return [{"values": shorten(values), "anomalies": [[start, end, kind] for kind, start, end in marks]} for values, marks in made]


def shorten(values):
    return [float(f"{value:.5g}") for value in values]


def cut(series):
    """All judged windows, the marks of their samples, and the kinds of the faults in them."""
    inputs, flags, kinds = [], [], []
    for one in series:
        marks = [(kind, start, end) for start, end, kind in one["anomalies"]]
        values, marked = windows(np.array(one["values"], np.float32), marks, STRIDE)
        inputs.append(values)
        flags.append(marked)
        for at in range(0, LENGTH - WINDOW + 1, STRIDE):
            kinds.append({kind for kind, start, end in marks if start < at + WINDOW and end > at})
    inputs, flags = np.concatenate(inputs), np.concatenate(flags)
    counted, _ = judged(flags)
    return inputs[counted], flags[counted], [kind for kind, keep in zip(kinds, counted) if keep]


def detect(inputs):
    session = onnxruntime.InferenceSession(HERE / "1" / "model.onnx", providers=["CPUExecutionProvider"])
    return session.run(["score"], {"window": inputs.astype(np.float32)})[0][:, 0]


def row(name, scores, truth, threshold):
    precision, recall = precision_recall(scores, truth, threshold)
    f1 = 2 * precision * recall / (precision + recall)
    return f"| {name} | {auroc(scores, truth):.3f} | {threshold:.3g} | {precision:.3f} | {recall:.3f} | {f1:.3f} |"


def write_samples(inputs, flags, kinds, scores):
    """Requests as they are posted: the first normal window, and the first of a spike and of a level shift amid it that are found."""
    folder = HERE / "samples"
    folder.mkdir(exist_ok=True)
    first = lambda wanted: int(np.flatnonzero(wanted)[0])
    amid = (flags[:, 24:48].sum(axis=1) == flags.sum(axis=1)) & (scores > 0.5)
    only = lambda kind: np.array([found == {kind} for found in kinds]) & amid
    picks = {"normal": first(~flags.any(axis=1) & (scores < 0.5)), "spike": first(only("spike")), "level-shift": first(only("level shift"))}
    for name, at in picks.items():
        body = {"inputs": [{"name": "window", "datatype": "FP32", "shape": [1, WINDOW], "data": shorten(inputs[at])}]}
        (folder / f"{name}.json").write_text(json.dumps(body) + "\n")


def main():
    series = held_out()
    (HERE / "held-out").mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in series)
    (HERE / "held-out" / "series.json").write_text(f"[\n{lines}\n]\n")
    inputs, flags, kinds = cut(series)
    _, truth = judged(flags)
    scores = detect(inputs)
    print(f"{len(truth)} windows, {truth.sum()} with a fault")
    print(row("this model", scores, truth, 0.5))
    val_inputs, val_truth = validation()
    for name, rule in (("rolling z-score", rolling_z), ("distance from the median", median_distance)):
        print(row(name, rule(inputs), truth, best_threshold(rule(val_inputs), val_truth)))
    for kind in KINDS:
        holds = np.array([kind in found for found in kinds]) & truth
        print(f"{kind}: {int((scores[holds] > 0.5).sum())} of {int(holds.sum())} windows found")
    write_samples(inputs, flags, kinds, scores)


if __name__ == "__main__":
    main()
