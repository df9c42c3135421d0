"""Clients of others against a running server with its bundled models: python triton.py HOST:GRPC_PORT [HTTP_URL]"""
import asyncio
import queue
import sys

import grpc
import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

address = sys.argv[1]
failed = []


def check(name, is_right):
    print("ok " if is_right else "NOT OK ", name)
    if not is_right:
        failed.append(name)


images = np.random.default_rng(0).standard_normal((3, 1, 28, 28)).astype(np.float32)


def image_input():
    tensor = triton.InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    return tensor


client = triton.InferenceServerClient(address)
want = client.infer("digits", [image_input()]).as_numpy("logits")
is_same = lambda result: np.array_equal(result.as_numpy("logits"), want)
check("infer", want.shape == (3, 10))
for coding in ("gzip", "deflate"):
    check(coding, is_same(client.infer("digits", [image_input()], compression_algorithm=coding)))
top = client.infer("digits", [image_input()], outputs=[triton.InferRequestedOutput("logits", class_count=2)])
check("classification", top.as_numpy("logits").shape == (3, 2))

answers = queue.Queue()
tell = lambda result, error: answers.put((result, error))
client.async_infer("digits", [image_input()], tell)
result, error = answers.get(timeout=20)
check("async infer", error is None and is_same(result))

client.start_stream(tell)
for number in range(50):
    client.async_stream_infer(
        "digits", [image_input()], request_id=str(number), enable_empty_final_response=True
    )
client.async_stream_infer("nope", [image_input()])
streamed = [answers.get(timeout=30) for _ in range(51)]
results = [result for result, _ in streamed[:50]]
check("stream, in order", [result.get_response().id for result in results] == [str(number) for number in range(50)])
check("stream, values", all(is_same(result) for result in results))
check("stream, final mark", results[0].get_response().parameters["triton_final_response"].bool_param)
check("stream, error", "nope" in str(streamed[50][1]))
client.stop_stream()

try:
    client.infer("digits", [image_input()], client_timeout=0.000001)
    check("deadline", False)
except triton.InferenceServerException as thrown:
    check("deadline", "eadline" in str(thrown) or "DEADLINE" in str(thrown))


async def use_aio():
    client = triton_aio.InferenceServerClient(address)
    results = await asyncio.gather(*[client.infer("digits", [image_input()]) for _ in range(40)])
    check("aio", all(is_same(result) for result in results))

    async def requests():
        for number in range(10):
            yield {"model_name": "digits", "inputs": [image_input()], "request_id": str(number)}

    streamed = [answer async for answer in client.stream_infer(requests())]
    check("aio stream", len(streamed) == 10 and all(error is None for _, error in streamed))
    await client.close()


asyncio.run(use_aio())

channel = grpc.insecure_channel(address)
health = health_pb2_grpc.HealthStub(channel)
service = "inference.GRPCInferenceService"
for name in ("", service):
    check(f"health of '{name}'", health.Check(health_pb2.HealthCheckRequest(service=name)).status == 1)
watch = health.Watch(health_pb2.HealthCheckRequest(service="x"))
check("health, unknown service", next(iter(watch)).status == 3)
watch.cancel()
database = ProtoReflectionDescriptorDatabase(channel)
check("reflection, services", service in database.get_services())
check("reflection, methods", len(DescriptorPool(database).FindServiceByName(service).methods) == 20)
sys.exit(1 if failed else 0)
