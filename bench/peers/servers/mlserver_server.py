"""MLServer with a runtime of its own kind: a class beside its settings, in its process for a tiny model, else in worker processes."""

import json
import os
import sys
import tempfile
from pathlib import Path

from common import free_port, parser

options = parser.parse_args()
folder = Path(tempfile.mkdtemp(prefix="mlserver-"))
workers = 0 if options.work == "json" else options.threads
settings = {
    "host": "127.0.0.1",
    "http_port": options.port,
    "grpc_port": free_port(),
    "metrics_port": free_port(),
    "parallel_workers": workers,
    "debug": False,
}
model = {"name": "model", "implementation": "mlserver_runtime.Runtime", "parameters": {"uri": options.model}}
(folder / "settings.json").write_text(json.dumps(settings))
(folder / "model-settings.json").write_text(json.dumps(model))
os.environ["PYTHONPATH"] = str(Path(__file__).parent)
os.execv(sys.executable, [sys.executable, "-c", "from mlserver.cli import main; main()", "start", str(folder)])
