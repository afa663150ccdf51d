"""Inference in ONNX Runtime, of graphs that are made here."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from windows import THREADS, calls_per_second, run

RANDOM = np.random.default_rng(1)


class Graph:
    """A chain of nodes."""

    def __init__(self, *shape):
        self.shape, self.nodes, self.weights, self.last = shape, [], [], "input"

    def add(self, kind, *weights, **attributes):
        names = []
        for weight in weights:
            names.append(f"weight{len(self.weights)}")
            self.weights.append(numpy_helper.from_array(weight.astype(np.float32), names[-1]))
        output = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *names], [output], **attributes))
        self.last = output
        return self

    def dense(self, *sizes, activation="Relu"):
        for index, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            if index > 0:
                self.add(activation)
            self.add("Gemm", RANDOM.normal(size=(inputs, outputs)) / inputs**0.5, np.zeros(outputs))
        return self

    def convolution(self, filters, channels):
        self.add("Conv", RANDOM.normal(size=(filters, channels, 5, 5)) / 5, np.zeros(filters), kernel_shape=[5, 5])
        return self.add("Relu").add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])

    def calls_per_second(self):
        value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        outputs = [value(self.last, None)]
        graph = helper.make_graph(self.nodes, "graph", [value("input", self.shape)], outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        inputs = {"input": RANDOM.random(self.shape, dtype=np.float32)}
        return calls_per_second(lambda: session.run(None, inputs))


def le_net():
    graph = Graph(1, 1, 28, 28).convolution(6, 1).convolution(16, 6).add("Flatten")
    return graph.dense(256, 120, 84, 10)


run({
    "W4a": lambda: Graph(1, 784).dense(784, 128, 10).calls_per_second(),
    "W4b": lambda: Graph(1, 4).dense(4, 16, 16, 3).calls_per_second(),
    "W4c": lambda: Graph(1, 2).dense(2, 8, 1, activation="Tanh").calls_per_second(),
    "W5": lambda: 256 * Graph(256, 784).dense(784, 128, 10).calls_per_second(),
    "W6i": lambda: le_net().calls_per_second(),
})
