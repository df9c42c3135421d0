"""FastAPI by itself: uvloop, httptools, bytes or orjson, runs in as many threads as are allowed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import orjson
import uvicorn
from common import Model, parser
from fastapi import FastAPI, Request, Response

options = parser.parse_args()
model = Model(options.model)
pool = ThreadPoolExecutor(options.threads)
app = FastAPI()


def in_thread(function, body):
    return asyncio.get_running_loop().run_in_executor(pool, function, body)


@app.post("/tensor")
async def tensor(request: Request):
    answer = await in_thread(model.run_bytes, await request.body())
    return Response(answer, media_type="application/octet-stream")


@app.post("/image")
async def image(request: Request):
    answer = await in_thread(model.run_image, await request.body())
    return Response(orjson.dumps(answer), media_type="application/json")


@app.post("/json")
async def json(request: Request):
    """A run of microseconds is faster on the loop than handed to a thread."""
    return Response(orjson.dumps(model.run_json(orjson.loads(await request.body()))), media_type="application/json")


uvicorn.run(
    app, host="127.0.0.1", port=options.port, loop="uvloop", http="httptools", log_level="error", access_log=False
)
