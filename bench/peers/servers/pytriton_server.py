"""Triton with a Python model, as pytriton starts it: one copy of the model for each thread that is allowed."""

import os

import numpy as np
from common import Model, free_port, parser
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

# Its store of tensors starts a process by way of Python's own library, which another patch level of Python 3.11 than the one inside Triton breaks.
os.environ.setdefault("PYTRITON_NO_TENSORSTORE", "1")
options = parser.parse_args()
kinds = {"tensor(float)": np.float32, "tensor(int32)": np.int32}


def make_function():
    model = Model(options.model)

    def infer(requests):
        return [dict(zip(model.outputs, model.session.run(model.outputs, dict(request)))) for request in requests]

    return infer


probe = Model(options.model)
config = TritonConfig(
    http_address="127.0.0.1",
    http_port=options.port,
    grpc_port=free_port(),
    metrics_port=free_port(),
    log_verbose=0,
)
with Triton(config=config) as triton:
    triton.bind(
        model_name="model",
        infer_func=[make_function() for _ in range(options.threads)],
        inputs=[Tensor(name=i.name, dtype=kinds[i.type], shape=tuple(i.shape)) for i in probe.inputs],
        outputs=[Tensor(name=o.name, dtype=kinds[o.type], shape=tuple(o.shape)) for o in probe.session.get_outputs()],
        config=ModelConfig(batching=False),
    )
    triton.serve()
