"""Clients of others against a running server with its bundled models: python kserve_sdk.py HOST:GRPC_PORT [HTTP_URL]"""
import asyncio
import sys

import numpy as np
from kserve import InferInput, InferRequest
from kserve.inference_client import InferenceGRPCClient

images = np.random.default_rng(0).standard_normal((3, 1, 28, 28)).astype(np.float32)


async def main():
    client = InferenceGRPCClient(url=sys.argv[1])
    assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("digits")
    answers = []
    for is_binary in (True, False):
        tensor = InferInput("image", list(images.shape), "FP32")
        tensor.set_data_from_numpy(images, binary_data=is_binary)
        response = await client.infer(InferRequest(model_name="digits", infer_inputs=[tensor]))
        answers.append(response.outputs[0].as_numpy())
    assert answers[0].shape == (3, 10) and np.array_equal(*answers)
    await client.close()
    print("ok  KServe SDK: health, raw and typed contents")


asyncio.run(main())
