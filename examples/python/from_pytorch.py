# A PyTorch module as a model: pip install torch onnx; python from_pytorch.py models/net/1/model.onnx
import json
import os
import sys

import torch

torch.manual_seed(1)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3), torch.nn.Softmax(-1)).eval()
rows = torch.tensor([[0.5, -1.0, 2.0, 0.0]])
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
# The first dimension open, so that requests can be batched.
torch.onnx.export(net, (rows,), sys.argv[1], input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
print(json.dumps(net(rows)[0].tolist()), rows[0].tolist())
