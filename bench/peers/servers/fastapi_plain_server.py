"""FastAPI as it is written first: a session with the runtime's defaults, functions in the framework's own thread pool."""

import uvicorn
from common import Model, open_default_session, parser
from fastapi import Body, FastAPI, Response

options = parser.parse_args()
model = Model(options.model, open_default_session)
app = FastAPI()


@app.post("/tensor")
def tensor(body: bytes = Body(media_type="application/octet-stream")):
    return Response(model.run_bytes(body), media_type="application/octet-stream")


@app.post("/image")
def image(body: bytes = Body(media_type="image/jpeg")):
    return model.run_image(body)


@app.post("/json")
def json(request: dict):
    return model.run_json(request)


uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="error", access_log=False)
