"""Writes the two models of this example and a scene to try them on: python make.py (needs onnx, numpy and pillow).

- face-detection finds bright discs of 40 pixels in an image of 160x160: how well a disc fits is measured around each fourth pixel.
- mask-detection says whether the lower half of a face is bluer than red.
"""
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

here = Path(__file__).parent
side, stride, radius, kernel = 160, 4, 20, 48
cells = side // stride


def save(path, nodes, inputs, outputs, constants):
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes,
        path.parent.parent.name,
        [value(*one) for one in inputs],
        [value(*one) for one in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def face_detection():
    at = np.arange(kernel) - (kernel - 1) / 2
    distance = np.hypot(*np.meshgrid(at, at))
    disc, ring = distance <= radius, distance > radius
    template = np.where(disc, 1 / disc.sum(), -1 / ring.sum()).astype(np.float32)
    centres = np.arange(cells) * stride + stride / 2
    x, y = np.meshgrid(centres, centres)
    size = np.full(cells * cells, 2.0 * radius)
    boxes = np.stack([x.ravel(), y.ravel(), size, size]).astype(np.float32)[None]
    before = (kernel - stride) // 2
    save(
        here / "faces/face-detection/1/model.onnx",
        [
            helper.make_node("ReduceMean", ["images"], ["brightness"], axes=[1], keepdims=1),
            helper.make_node("Sub", ["brightness", "dark"], ["above"]),
            helper.make_node("Mul", ["above", "steep"], ["sharp"]),
            helper.make_node("Clip", ["sharp", "nought", "one"], ["bright"]),
            helper.make_node("Conv", ["bright", "template"], ["fit"], strides=[stride] * 2, pads=[before] * 4),
            helper.make_node("Clip", ["fit", "nought", "one"], ["likely"]),
            helper.make_node("Reshape", ["likely", "row"], ["scores"]),
            helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
        ],
        [("images", [1, 3, side, side])],
        [("output0", [1, 5, cells * cells])],
        {
            "template": template[None, None],
            "boxes": boxes,
            "dark": np.float32(0.3),
            "steep": np.float32(10),
            "nought": np.float32(0),
            "one": np.float32(1),
            "row": np.array([1, 1, cells * cells]),
        },
    )


def mask_detection():
    area = np.zeros((1, 3, 32, 32), np.float32)
    area[0, 2, 18:30, 8:24] = 1 / (12 * 16)
    area[0, 0] = -area[0, 2]
    save(
        here / "masks/mask-detection/1/model.onnx",
        [
            helper.make_node("Conv", ["image", "area"], ["bluer"]),
            helper.make_node("Flatten", ["bluer"], ["flat"]),
            helper.make_node("Mul", ["flat", "sides"], ["logits"]),
        ],
        [("image", ["batch", 3, 32, 32])],
        [("logits", ["batch", 2])],
        {"area": area, "sides": np.array([[12, -12]], np.float32)},
    )


def scene():
    image = Image.new("RGB", (320, 320), "#1c2430")
    draw = ImageDraw.Draw(image)
    for x, y, has_mask in [(20, 30, True), (210, 40, False), (110, 200, True)]:
        draw.ellipse([x, y, x + 80, y + 80], fill="#e8b48a")
        draw.ellipse([x + 22, y + 26, x + 30, y + 34], fill="#402a1a")
        draw.ellipse([x + 50, y + 26, x + 58, y + 34], fill="#402a1a")
        if has_mask:
            draw.chord([x, y, x + 80, y + 80], 10, 170, fill="#4f86e0")
        else:
            draw.chord([x + 26, y + 44, x + 54, y + 64], 0, 180, fill="#a04038")
    image.save(here / "scene.png")


face_detection()
mask_detection()
scene()
