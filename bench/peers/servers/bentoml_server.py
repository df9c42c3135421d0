"""BentoML with a worker process for each thread that is allowed. A file is its own form of a body of bytes."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import bentoml
from bentoml.validators import ContentType

if __name__ == "__main__":
    from common import parser

    options = parser.parse_args()
    here = Path(__file__)
    os.environ.update(PEER_MODEL=options.model, PEER_THREADS=str(options.threads), BENTOML_DO_NOT_TRACK="true")
    os.chdir(here.parent)
    command = ["serve", f"{here.stem}:Peer", "--host", "127.0.0.1", "--port", str(options.port)]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", *command])

threads = int(os.environ["PEER_THREADS"])


@bentoml.service(workers=threads, threads=1, logging={"access": {"enabled": False}}, metrics={"enabled": False})
class Peer:
    def __init__(self):
        from common import Model

        self.model = Model(os.environ["PEER_MODEL"])

    @bentoml.api(route="/json")
    def json(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        return self.model.run_json({"inputs": inputs})

    @bentoml.api(route="/image")
    def image(self, body: Annotated[Path, ContentType("application/octet-stream")], /) -> dict[str, Any]:
        return self.model.run_image(body.read_bytes())
