"""Writes the model of this folder: degrees Celsius in, Fahrenheit out. Needs the package onnx."""
from onnx import TensorProto, helper, save

celsius = helper.make_tensor_value_info("celsius", TensorProto.FLOAT, ["rows", 1])
fahrenheit = helper.make_tensor_value_info("fahrenheit", TensorProto.FLOAT, ["rows", 1])
factor = helper.make_tensor("factor", TensorProto.FLOAT, [1], [1.8])
offset = helper.make_tensor("offset", TensorProto.FLOAT, [1], [32.0])
nodes = [
    helper.make_node("Mul", ["celsius", "factor"], ["scaled"]),
    helper.make_node("Add", ["scaled", "offset"], ["fahrenheit"]),
]
graph = helper.make_graph(nodes, "celsius", [celsius], [fahrenheit], [factor, offset])
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "celsius/1/model.onnx")
