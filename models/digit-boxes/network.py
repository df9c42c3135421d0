"""The network: seven convolutions down to cells of 8 pixels, each of which says what digit has its middle there and how large it is."""

import jax
import jax.numpy as jnp
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from scenes import SIDE

CELL, USUAL = 8, 24.0  # pixels of a cell, and of a usual digit
CELLS = SIDE // CELL
CLASSES = 10
# name, output channels, input channels, kernel, stride, dilation
CONVOLUTIONS = [("conv1", 16, 1, 5, 2, 1), ("conv2", 32, 16, 3, 2, 1), ("conv3", 48, 32, 3, 2, 1),
                ("conv4", 48, 48, 3, 1, 1), ("conv5", 48, 48, 3, 1, 1), ("conv6", 64, 48, 3, 1, 2)]
HEAD = ("head", 4 + CLASSES, 64, 1, 1, 1)


def initialise(seed):
    """He-normal weights; the head begins by saying that nothing is anywhere."""
    rng = np.random.default_rng(seed)
    params = {}
    for name, out, into, kernel, _, _ in [*CONVOLUTIONS, HEAD]:
        scale = np.sqrt(2 / (into * kernel * kernel)) * (0.1 if name == "head" else 1)
        params[name + ".w"] = (rng.standard_normal((out, into, kernel, kernel)) * scale).astype(np.float32)
        params[name + ".b"] = np.zeros(out, np.float32)
    params["head.b"][4:] = -4.6
    return params


def without_mean(weights):
    """Filters of the first layer see contrast and not brightness; its size alone goes on, so that ink may be bright or dark."""
    return weights - weights.mean((2, 3), keepdims=True)


def forward(params, gray):
    """[n,14,cells,cells] of gray [n,1,side,side] in 0..1: offset of the middle and logarithm of the size, then logits."""
    x = gray
    for name, _, _, kernel, stride, dilation in [*CONVOLUTIONS, HEAD]:
        weights = without_mean(params[name + ".w"]) if name == "conv1" else params[name + ".w"]
        pad = dilation * (kernel - 1) // 2
        x = jax.lax.conv_general_dilated(x, weights, (stride, stride), [(pad, pad)] * 2, rhs_dilation=(dilation, dilation))
        if name == "conv1":
            x = jnp.abs(x)
        else:
            x = x + params[name + ".b"][:, None, None]
            x = x if name == "head" else jax.nn.relu(x)
    return x


def to_onnx(params, description):
    """The same as an ONNX model: `images` FP32 [batch,3,160,160] -> `output0` FP32 [batch,14,400], as Ultralytics lays detectors out."""
    grid = np.stack(np.meshgrid(np.arange(CELLS), np.arange(CELLS)), 0).reshape(1, 2, -1)
    constants = {name: np.asarray(value) for name, value in params.items() if name != "conv1.b"}
    constants["conv1.w"] = np.asarray(without_mean(params["conv1.w"]))
    constants |= {"middles": ((grid + 0.5) * CELL).astype(np.float32), "cell": np.float32(CELL), "usual": np.float32(USUAL),
                  "table": np.array([0, 4 + CLASSES, CELLS * CELLS], np.int64), "parts": np.array([2, 2, CLASSES], np.int64)}
    nodes = [helper.make_node("ReduceMean", ["images"], ["gray"], axes=[1], keepdims=1)]
    x = "gray"
    for name, _, _, kernel, stride, dilation in [*CONVOLUTIONS, HEAD]:
        inputs = [x, name + ".w"] + ([] if name == "conv1" else [name + ".b"])
        pads = [dilation * (kernel - 1) // 2] * 4
        nodes.append(helper.make_node("Conv", inputs, [name], strides=[stride] * 2, pads=pads, dilations=[dilation] * 2))
        x = name
        if name != "head":
            x = name + ".out"
            nodes.append(helper.make_node("Abs" if name == "conv1" else "Relu", [name], [x]))
    nodes += [
        helper.make_node("Reshape", ["head", "table"], ["cells"]),
        helper.make_node("Split", ["cells", "parts"], ["offsets", "sizes", "logits"], axis=1),
        helper.make_node("Mul", ["offsets", "cell"], ["moved"]),
        helper.make_node("Add", ["moved", "middles"], ["centres"]),
        helper.make_node("Exp", ["sizes"], ["grown"]),
        helper.make_node("Mul", ["grown", "usual"], ["sides"]),
        helper.make_node("Sigmoid", ["logits"], ["scores"]),
        helper.make_node("Concat", ["centres", "sides", "scores"], ["output0"], axis=1),
    ]
    graph = helper.make_graph(
        nodes, "digit-boxes",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 4 + CLASSES, CELLS * CELLS])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                              producer_name="slipway models/digit-boxes/train.py", doc_string=description)
    names = "{" + ", ".join(f"{n}: '{n}'" for n in range(CLASSES)) + "}"
    helper.set_model_props(model, {"task": "detect", "names": names, "imgsz": f"[{SIDE}, {SIDE}]", "stride": str(CELL)})
    checker.check_model(model, full_check=True)
    return model
