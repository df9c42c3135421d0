"""What every Python server here shares: its arguments, one session, and what is done with a request."""

import argparse
import socket

import numpy as np
import onnxruntime as ort

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--model", required=True)
parser.add_argument("--work", choices=["tensor", "image", "json"], required=True)
parser.add_argument("--threads", type=int, required=True)


def free_port():
    """For the further ports of servers that open several."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def open_session(path):
    """One thread a run, as the server that is compared: servers run as many at once as there are threads."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def open_default_session(path):
    """All CPUs for each run, threads that spin while they wait: what the runtime does where nobody chooses."""
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"])


class Model:
    """A session with the three works of the comparison as functions from bytes or lists."""

    def __init__(self, path, open=open_session):
        self.session = open(path)
        self.inputs = self.session.get_inputs()
        self.outputs = [output.name for output in self.session.get_outputs()]

    def run_bytes(self, body):
        first = self.inputs[0]
        feed = np.frombuffer(body, np.float32).reshape(first.shape)
        return b"".join(output.tobytes() for output in self.session.run(self.outputs, {first.name: feed}))

    def run_json(self, request):
        feeds = {i["name"]: np.array(i["data"], np.int32).reshape(i["shape"]) for i in request["inputs"]}
        results = self.session.run(self.outputs, feeds)
        return {
            "model_name": "tiny",
            "outputs": [
                {"name": name, "datatype": "INT32", "shape": list(data.shape), "data": data.ravel().tolist()}
                for name, data in zip(self.outputs, results)
            ],
        }

    def run_image(self, body):
        import cv2

        cv2.setNumThreads(1)
        first = self.inputs[0]
        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        image = cv2.cvtColor(cv2.resize(image, (first.shape[3], first.shape[2])), cv2.COLOR_BGR2RGB)
        feed = ((image.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        scores, boxes = self.session.run(["scores", "boxes"], {first.name: feed})
        best = int(scores[0, :, 1].argmax())
        return {"score": float(scores[0, best, 1]), "box": boxes[0, best].tolist()}
