"""LitServe with a worker process for each thread that is allowed; bodies go in as bytes, not through a form."""

from typing import Annotated

import litserve
from common import Model, parser
from fastapi import Body, Response

Bytes = Annotated[bytes, Body(media_type="application/octet-stream")]


class JsonApi(litserve.LitAPI):
    def setup(self, device):
        self.model = Model(options.model)

    def decode_request(self, request):
        return request

    def predict(self, x):
        return self.model.run_json(x)

    def encode_response(self, output):
        return output


class TensorApi(JsonApi):
    def decode_request(self, request: Bytes):
        return request

    def predict(self, x):
        return self.model.run_bytes(x)

    def encode_response(self, output):
        return Response(output, media_type="application/octet-stream")


class ImageApi(JsonApi):
    def decode_request(self, request: Bytes):
        return request

    def predict(self, x):
        return self.model.run_image(x)


options = parser.parse_args()

if __name__ == "__main__":
    api = {"json": JsonApi, "tensor": TensorApi, "image": ImageApi}[options.work]()
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=options.threads)
    server.run(
        host="127.0.0.1", port=options.port, num_api_servers=1, generate_client_file=False, log_level="error"
    )
