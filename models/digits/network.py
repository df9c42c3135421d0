"""The network: contrast and polarity made equal, four convolutions, one linear layer. Run by JAX, written as ONNX."""

import jax
import jax.numpy as jnp
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

# name, output channels, input channels, kernel, stride, padding on each side
CONVOLUTIONS = [("conv1", 16, 1, 5, 2, 2), ("conv2", 32, 16, 3, 1, 1), ("conv3", 48, 32, 3, 2, 1), ("conv4", 48, 48, 3, 1, 1)]
FEATURES = 48 * 7 * 7
FAINTEST = np.float32(0.1)  # contrast below which a picture counts as blank


def frame():
    """Weights [1,1,28,28] that average the two outer rows and columns of a picture: its paper."""
    mask = np.ones((28, 28), np.float32)
    mask[2:-2, 2:-2] = 0
    return (mask / mask.sum())[None, None]


def initialise(seed):
    """He-normal weights and zero biases."""
    rng = np.random.default_rng(seed)
    shapes = {name: (out, into, kernel, kernel) for name, out, into, kernel, _, _ in CONVOLUTIONS}
    params = {}
    for name, shape in (shapes | {"dense": (10, FEATURES)}).items():
        fan_in = int(np.prod(shape[1:]))
        params[name + ".w"] = (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
        params[name + ".b"] = np.zeros(shape[0], np.float32)
    return params


def forward(params, images, key=None, dropout=0.3):
    """Logits [n,10] of images [n,1,28,28] in 0..1; a key turns dropout on."""
    ink = jnp.abs(images - jnp.sum(images * frame(), axis=(1, 2, 3), keepdims=True))
    x = ink / jnp.maximum(jnp.max(ink, axis=(1, 2, 3), keepdims=True), FAINTEST)
    for name, _, _, _, stride, pad in CONVOLUTIONS:
        x = jax.lax.conv_general_dilated(x, params[name + ".w"], (stride, stride), [(pad, pad)] * 2)
        x = jax.nn.relu(x + params[name + ".b"][:, None, None])
    x = x.reshape(x.shape[0], FEATURES)
    if key is not None:
        x = jnp.where(jax.random.bernoulli(key, 1 - dropout, x.shape), x / (1 - dropout), 0)
    return x @ params["dense.w"].T + params["dense.b"]


def to_onnx(params, description):
    """The same network as an ONNX model (opset 17, IR 8): `image` FP32 [batch,1,28,28] -> `logits` FP32 [batch,10]."""
    constants = {name: np.asarray(value) for name, value in params.items()}
    constants |= {"frame": frame(), "faintest": FAINTEST, "axes": np.array([1, 2, 3], np.int64)}
    nodes = [
        helper.make_node("Mul", ["image", "frame"], ["framed"]),
        helper.make_node("ReduceSum", ["framed", "axes"], ["paper"], keepdims=1),
        helper.make_node("Sub", ["image", "paper"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["ink"]),
        helper.make_node("ReduceMax", ["ink"], ["darkest"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Max", ["darkest", "faintest"], ["contrast"]),
        helper.make_node("Div", ["ink", "contrast"], ["even"]),
    ]
    x = "even"
    for name, _, _, _, stride, pad in CONVOLUTIONS:
        nodes.append(helper.make_node("Conv", [x, name + ".w", name + ".b"], [name], strides=[stride] * 2, pads=[pad] * 4))
        x = name + ".relu"
        nodes.append(helper.make_node("Relu", [name], [x]))
    nodes.append(helper.make_node("Flatten", [x], ["features"], axis=1))
    nodes.append(helper.make_node("Gemm", ["features", "dense.w", "dense.b"], ["logits"], transB=1))
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                              producer_name="slipway models/digits/train.py", doc_string=description)
    checker.check_model(model, full_check=True)
    return model
