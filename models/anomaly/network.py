"""The network: a robust scale of the window's own, six dilated convolutions, a probability a point. Run by JAX, written as ONNX."""

import jax
import jax.numpy as jnp
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

WINDOW, WIDTH, KERNEL = 64, 24, 5
DILATIONS = (1, 2, 4, 8, 16, 1)
TINY = np.float32(1e-20)


def robust(x):
    """Distance from the median in interquartile ranges, [n,64]; the same for a * x + b with a > 0."""
    ranked = jnp.sort(x, axis=1)
    middle = (ranked[:, 31:32] + ranked[:, 32:33]) / 2
    centred = x - middle
    scale = ranked[:, 47:48] - ranked[:, 16:17] + 0.05 * jnp.mean(jnp.abs(centred), axis=1, keepdims=True) + TINY
    return centred / scale


def compress(x):
    return jnp.sign(x) * jnp.log(1 + jnp.abs(x))


def initialise(seed):
    rng = np.random.default_rng(seed)
    params = {}
    for index in range(len(DILATIONS)):
        into = WIDTH if index else 2
        params[f"conv{index}.w"] = (rng.standard_normal((WIDTH, into, KERNEL)) * np.sqrt(2 / (into * KERNEL))).astype(np.float32)
        params[f"conv{index}.b"] = np.zeros(WIDTH, np.float32)
    params["context.w"] = (rng.standard_normal((WIDTH, WIDTH, 1)) * np.sqrt(1 / WIDTH)).astype(np.float32)
    params["point.w"] = (rng.standard_normal((1, WIDTH, 1)) * np.sqrt(1 / WIDTH)).astype(np.float32)
    params["point.b"] = np.full(1, -3, np.float32)
    return params


def convolve(x, weights, dilation):
    pad = (weights.shape[2] - 1) // 2 * dilation
    return jax.lax.conv_general_dilated(x, weights, (1,), [(pad, pad)], rhs_dilation=(dilation,))


def forward(params, x):
    """Logit of every point [n,64] of windows [n,64]."""
    steps = jnp.pad(x[:, 1:] - x[:, :-1], ((0, 0), (1, 0)))
    y = jnp.stack([compress(robust(x)), compress(robust(steps))], axis=1)
    for index, dilation in enumerate(DILATIONS):
        made = jax.nn.relu(convolve(y, params[f"conv{index}.w"], dilation) + params[f"conv{index}.b"][:, None])
        y = made + y if index else made
    y = jax.nn.relu(y + convolve(jnp.mean(y, axis=2, keepdims=True), params["context.w"], 1))
    return (convolve(y, params["point.w"], 1) + params["point.b"][:, None])[:, 0]


def robust_nodes(x, out):
    node = helper.make_node
    return [
        node("TopK", [x, "all"], [f"{out}.ranked", f"{out}.ranks"], axis=1, largest=0, sorted=1),
        node("Gather", [f"{out}.ranked", "middles"], [f"{out}.middles"], axis=1),
        node("ReduceMean", [f"{out}.middles"], [f"{out}.middle"], axes=[1], keepdims=1),
        node("Gather", [f"{out}.ranked", "upper"], [f"{out}.upper"], axis=1),
        node("Gather", [f"{out}.ranked", "lower"], [f"{out}.lower"], axis=1),
        node("Sub", [f"{out}.upper", f"{out}.lower"], [f"{out}.range"]),
        node("Sub", [x, f"{out}.middle"], [f"{out}.centred"]),
        node("Abs", [f"{out}.centred"], [f"{out}.distance"]),
        node("ReduceMean", [f"{out}.distance"], [f"{out}.mean"], axes=[1], keepdims=1),
        node("Mul", [f"{out}.mean", "part"], [f"{out}.part"]),
        node("Add", [f"{out}.range", f"{out}.part"], [f"{out}.sum"]),
        node("Add", [f"{out}.sum", "tiny"], [f"{out}.scale"]),
        node("Div", [f"{out}.distance", f"{out}.scale"], [f"{out}.far"]),
        node("Add", [f"{out}.far", "one"], [f"{out}.more"]),
        node("Log", [f"{out}.more"], [f"{out}.log"]),
        node("Sign", [f"{out}.centred"], [f"{out}.sign"]),
        node("Mul", [f"{out}.sign", f"{out}.log"], [f"{out}.flat"]),
        node("Unsqueeze", [f"{out}.flat", "channel"], [out]),
    ]


def body_nodes():
    node = helper.make_node
    nodes, y = [], "features"
    for index, dilation in enumerate(DILATIONS):
        name, pad = f"conv{index}", (KERNEL - 1) // 2 * dilation
        nodes.append(node("Conv", [y, f"{name}.w", f"{name}.b"], [name], dilations=[dilation], pads=[pad, pad]))
        nodes.append(node("Relu", [name], [f"{name}.relu"]))
        if index:
            nodes.append(node("Add", [f"{name}.relu", y], [f"{name}.sum"]))
        y = f"{name}.sum" if index else f"{name}.relu"
    return nodes + [
        node("ReduceMean", [y], ["mean"], axes=[2], keepdims=1),
        node("Conv", ["mean", "context.w"], ["context"]),
        node("Add", [y, "context"], ["informed"]),
        node("Relu", ["informed"], ["informed.relu"]),
        node("Conv", ["informed.relu", "point.w", "point.b"], ["logits"]),
        node("Squeeze", ["logits", "channel"], ["logits.flat"]),
        node("Sigmoid", ["logits.flat"], ["points"]),
        node("ReduceMax", ["points"], ["score"], axes=[1], keepdims=1),
    ]


def to_onnx(params, description):
    """Opset 17, IR 8: `window` FP32 [batch,64] -> `score` FP32 [batch,1], `points` FP32 [batch,64]."""
    ints = lambda *values: np.array(values, np.int64)
    constants = {name: np.asarray(value) for name, value in params.items()} | {
        "all": ints(WINDOW), "middles": ints(31, 32), "upper": ints(47), "lower": ints(16), "channel": ints(1),
        "part": np.float32(0.05), "tiny": TINY, "one": np.float32(1),
        "from0": ints(0), "from1": ints(1), "to63": ints(63), "to64": ints(64), "pads": ints(0, 1, 0, 0)}
    node = helper.make_node
    nodes = [
        node("Slice", ["window", "from1", "to64", "channel"], ["later"]),
        node("Slice", ["window", "from0", "to63", "channel"], ["earlier"]),
        node("Sub", ["later", "earlier"], ["changes"]),
        node("Pad", ["changes", "pads"], ["steps"]),
        *robust_nodes("window", "level"),
        *robust_nodes("steps", "step"),
        node("Concat", ["level", "step"], ["features"], axis=1),
        *body_nodes(),
    ]
    value = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
    graph = helper.make_graph(nodes, "anomaly", [value("window", WINDOW)], [value("score", 1), value("points", WINDOW)],
                              [numpy_helper.from_array(np.asarray(constant), name) for name, constant in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                              producer_name="slipway models/anomaly/train.py", doc_string=description)
    helper.set_model_props(model, {"score_threshold": "0.5"})
    checker.check_model(model, full_check=True)
    return model
