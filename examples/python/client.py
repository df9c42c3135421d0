# The server asked by tritonclient: pip install "tritonclient[http]" pillow; python client.py URL IMAGE
# Triton's own client works as it is: the server speaks the same protocol, binary tensors and extensions included.
import sys

import numpy as np
import tritonclient.http as http

address, image = sys.argv[1:]
client = http.InferenceServerClient(address.removeprefix("http://"))
assert client.is_server_ready()

# Tensors in, tensors out.
window = http.InferInput("window", [2, 64], "FP32")
window.set_data_from_numpy(np.zeros((2, 64), np.float32))
answer = client.infer("anomaly", [window], outputs=[http.InferRequestedOutput("score")])
print("score", answer.as_numpy("score").shape)

# A whole image file, which the server decodes: one BYTES element a row. The three best classes as "value:index:label".
files = http.InferInput("image", [1], "BYTES")
files.set_data_from_numpy(np.array([open(image, "rb").read()], dtype=object))
answer = client.infer("digits", [files], outputs=[http.InferRequestedOutput("logits", class_count=3)])
print("best", answer.as_numpy("logits")[0][0].decode().split(":")[2])
