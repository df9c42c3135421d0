"""Sequences of tritonclient, over HTTP and gRPC, against ONNX Runtime step by step.

python sequences.py make DIR                                  writes DIR/lstm, a model with state
python sequences.py ask HOST:GRPC_PORT HOST:PORT DIR          asks a server of DIR
python sequences.py ask ... DIR MODEL LENGTH                  the same of another model, with steps of that length
"""
import json
import os
import queue
import sys
import uuid

import numpy as np

hidden = 64
random = np.random.default_rng(0)


def make(folder):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    weights = lambda name, *shape: numpy_helper.from_array(random.uniform(-0.4, 0.4, shape).astype(np.float32), name)
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
            helper.make_node("LSTM", ["t", "W", "R", "B", "", "h", "c"], ["y", "hn", "cn"], hidden_size=hidden),
            helper.make_node("Squeeze", ["hn", "first"], ["end"]),
            helper.make_node("MatMul", ["end", "V"], ["p"]),
        ],
        "lstm",
        [value("x", ["N", "T", 3]), value("h", [1, "N", hidden]), value("c", [1, "N", hidden])],
        [value("p", ["N", 2]), value("hn", [1, "N", hidden]), value("cn", [1, "N", hidden])],
        [
            weights("W", 1, 4 * hidden, 3),
            weights("R", 1, 4 * hidden, hidden),
            weights("B", 1, 8 * hidden),
            weights("V", hidden, 2),
            numpy_helper.from_array(np.array([0]), "first"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    os.makedirs(f"{folder}/lstm", exist_ok=True)
    onnx.save(model, f"{folder}/lstm/model.onnx")
    state = [{"input": "h", "output": "hn"}, {"input": "c", "output": "cn"}]
    with open(f"{folder}/lstm/model.json", "w") as file:
        json.dump({"sequences": {"state": state}}, file)


def steps_of(session, names, count=12):
    """Inputs of each step, without state: open dimensions are one, the last of them grows and shrinks."""
    for step in range(count):
        given = {}
        for value in session.get_inputs():
            if value.name in names:
                continue
            sizes = [size if isinstance(size, int) else None for size in value.shape]
            last = max((axis for axis, size in enumerate(sizes) if size is None), default=None)
            shape = [size or (steps[step % len(steps)] if axis == last else 1) for axis, size in enumerate(sizes)]
            if "int64" in value.type:
                given[value.name] = np.full(shape, 16000, np.int64)
            else:
                given[value.name] = random.standard_normal(shape).astype(np.float32) * 10.0 ** (step % 4 - 2)
        yield given


steps = [5, 1, 9, 3]


def expected_of(session, pairs, begin, inputs):
    state, answers = begin, []
    names = [value.name for value in session.get_outputs()]
    for given in inputs:
        outputs = dict(zip(names, session.run(None, {**given, **state})))
        state = {pair["input"]: outputs[pair["output"]] for pair in pairs}
        answers.append(outputs[next(name for name in names if name not in [pair["output"] for pair in pairs])])
    return answers


def ask(grpc_address, http_address, folder, model="lstm", length=None):
    if length is not None:
        steps[:] = [int(length)]
    import onnxruntime
    import tritonclient.grpc as triton_grpc
    import tritonclient.http as triton_http

    session = onnxruntime.InferenceSession(f"{folder}/{model}/model.onnx")
    with open(f"{folder}/{model}/model.json") as file:
        pairs = json.load(file)["sequences"]["state"]
    names = {pair["input"] for pair in pairs}
    zero = {
        value.name: np.zeros([size if isinstance(size, int) else 1 for size in value.shape], np.float32)
        for value in session.get_inputs()
        if value.name in names
    }
    result_name = next(v.name for v in session.get_outputs() if v.name not in [pair["output"] for pair in pairs])
    failed = []

    def check(name, answers, want):
        worst = max(float(np.abs(a - b).max()) for a, b in zip(answers, want)) if len(answers) == len(want) else None
        is_right = worst is not None and worst <= 1e-6
        print("ok " if is_right else "NOT OK ", name, f"({len(want)} steps, largest difference {worst})")
        if not is_right:
            failed.append(name)

    def inputs_for(module, given):
        inputs = []
        for name, array in given.items():
            tensor = module.InferInput(name, list(array.shape), "INT64" if array.dtype == np.int64 else "FP32")
            tensor.set_data_from_numpy(array)
            inputs.append(tensor)
        return inputs

    for module, address in [(triton_http, http_address), (triton_grpc, grpc_address)]:
        client = module.InferenceServerClient(address)
        # Three at a time, step by step: a small number, one of 63 bits, a text.
        ids = [7, 2**63 - 25, str(uuid.uuid4())]
        sequences = [list(steps_of(session, names)) for _ in ids]
        answers = [[] for _ in ids]
        for step in range(len(sequences[0])):
            for n, sequence_id in enumerate(ids):
                result = client.infer(
                    model,
                    inputs_for(module, sequences[n][step]),
                    sequence_id=sequence_id,
                    sequence_start=step == 0,
                    sequence_end=step == len(sequences[n]) - 1,
                )
                answers[n].append(result.as_numpy(result_name))
        for n, sequence_id in enumerate(ids):
            want = expected_of(session, pairs, zero, sequences[n])
            check(f"{module.__name__}, id {sequence_id}", answers[n], want)
        try:
            client.infer(model, inputs_for(module, sequences[0][0]), sequence_id=7)
            check(f"{module.__name__}, after the end", [], [0])
        except Exception as error:
            print("ok  ", module.__name__, "after the end:", str(error)[:120])

    told = queue.Queue()
    client = triton_grpc.InferenceServerClient(grpc_address)
    client.start_stream(lambda result, error: told.put((result, error)))
    given = list(steps_of(session, names, 40))
    for step, one in enumerate(given):
        client.async_stream_infer(
            model,
            inputs_for(triton_grpc, one),
            sequence_id=99,
            sequence_start=step == 0,
            sequence_end=step == len(given) - 1,
        )
    streamed = [told.get(timeout=60) for _ in given]
    client.stop_stream()
    problems = [str(error) for _, error in streamed if error is not None]
    if problems:
        print(problems[:2])
    answers = [result.as_numpy(result_name) for result, error in streamed if error is None]
    check("tritonclient.grpc, stream without waiting", answers, expected_of(session, pairs, zero, given))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    {"make": make, "ask": ask}[sys.argv[1]](*sys.argv[2:])
