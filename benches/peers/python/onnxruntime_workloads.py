"""Inference in ONNX Runtime, on graphs that are built here. In int8, they are quantized by ONNX Runtime in its fastest form: pairs of
nodes that quantize and dequantize (QDQ), unsigned activations and one scale for all filters of a layer."""

import os
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

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

    def convolution(self, filters, channels, kernel, stride=1, padding=(0, 0), groups=1):
        size = (filters, channels // groups, *kernel)
        weights = RANDOM.normal(size=size) / np.prod(size[1:]) ** 0.5, np.zeros(filters)
        pads, strides = [*padding, *padding], [stride, stride]
        return self.add("Conv", *weights, kernel_shape=kernel, pads=pads, strides=strides, group=groups)

    def batch_norm(self, channels):
        ones, zeros = np.ones(channels), np.zeros(channels)
        return self.add("BatchNormalization", ones, zeros, zeros, ones)

    def pool(self):
        return self.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])

    def sum(self, other):
        """Add `other` to the last output."""
        output = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node("Add", [self.last, other], [output]))
        self.last = output
        return self

    def model(self):
        value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        outputs = [value(self.last, None)]
        graph = helper.make_graph(self.nodes, "graph", [value("input", self.shape)], outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def inputs(self):
        return {"input": RANDOM.random(self.shape, dtype=np.float32)}

    def calls_per_second(self, in_int8=False):
        model = quantized(self) if in_int8 else self.model()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        inputs = self.inputs()
        return calls_per_second(lambda: session.run(None, inputs))


class Samples(quantization.CalibrationDataReader):
    def __init__(self, graph):
        self.samples = iter([graph.inputs() for _ in range(8)])

    def get_next(self):
        return next(self.samples, None)


def quantized(graph):
    onnxruntime.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory() as folder:
        float32, prepared, int8 = (os.path.join(folder, name) for name in ("float32.onnx", "prepared.onnx", "int8.onnx"))
        onnx.save(graph.model(), float32)
        quantization.shape_inference.quant_pre_process(float32, prepared)
        form, unsigned, signed = quantization.QuantFormat.QDQ, quantization.QuantType.QUInt8, quantization.QuantType.QInt8
        quantization.quantize_static(
            prepared, int8, Samples(graph), quant_format=form, activation_type=unsigned, weight_type=signed
        )
        return onnx.load(int8)


def le_net(batch=1):
    graph = Graph(batch, 1, 28, 28).convolution(6, 1, (5, 5)).add("Relu").pool()
    return graph.convolution(16, 6, (5, 5)).add("Relu").pool().add("Flatten").dense(256, 120, 84, 10)


def ds_cnn(batch):
    graph = Graph(batch, 1, 49, 10).convolution(64, 1, (10, 4), 2, (5, 1)).batch_norm(64).add("Relu")
    for _ in range(4):
        graph.convolution(64, 64, (3, 3), padding=(1, 1), groups=64).batch_norm(64).add("Relu")
        graph.convolution(64, 64, (1, 1)).batch_norm(64).add("Relu")
    return graph.add("GlobalAveragePool").add("Flatten").dense(64, 12)


def res_net_8(batch):
    graph = Graph(batch, 3, 32, 32).convolution(16, 3, (3, 3), padding=(1, 1)).batch_norm(16).add("Relu")
    for inputs, outputs, stride in [(16, 16, 1), (16, 32, 2), (32, 64, 2)]:
        around = start = graph.last
        if stride > 1:
            around = graph.convolution(outputs, inputs, (1, 1), stride).last
            graph.last = start
        graph.convolution(outputs, inputs, (3, 3), stride, (1, 1)).batch_norm(outputs).add("Relu")
        graph.convolution(outputs, outputs, (3, 3), padding=(1, 1)).batch_norm(outputs).sum(around).add("Relu")
    return graph.add("GlobalAveragePool").add("Flatten").dense(64, 10)


def pictures(batch):
    graph = Graph(batch, 3, 32, 32)
    for inputs, outputs in [(3, 32), (32, 64)]:
        graph.convolution(outputs, inputs, (3, 3), padding=(1, 1)).add("Relu")
        graph.convolution(outputs, outputs, (3, 3), padding=(1, 1)).add("Relu").pool()
    return graph.add("Flatten").dense(4096, 128, 10)


def autoencoder(batch):
    graph, sizes = Graph(batch, 640), [640, 128, 128, 128, 128, 8, 128, 128, 128, 128]
    for inputs, outputs in zip(sizes, sizes[1:]):
        graph.dense(inputs, outputs).batch_norm(outputs).add("Relu")
    return graph.dense(128, 640)


run({
    "W4a": lambda: Graph(1, 784).dense(784, 128, 10).calls_per_second(),
    "W4b": lambda: Graph(1, 4).dense(4, 16, 16, 3).calls_per_second(),
    "W4c": lambda: Graph(1, 2).dense(2, 8, 1, activation="Tanh").calls_per_second(),
    "W5": lambda: 256 * Graph(256, 784).dense(784, 128, 10).calls_per_second(),
    "W6i": lambda: le_net().calls_per_second(),
    "W7i": lambda: ds_cnn(1).calls_per_second(),
    "W7b": lambda: 256 * ds_cnn(256).calls_per_second(),
    "W8i": lambda: res_net_8(1).calls_per_second(),
    "W8b": lambda: 256 * res_net_8(256).calls_per_second(),
    "W9i": lambda: pictures(1).calls_per_second(),
    "W9b": lambda: 256 * pictures(256).calls_per_second(),
    "W10i": lambda: autoencoder(1).calls_per_second(),
    "W10b": lambda: 256 * autoencoder(256).calls_per_second(),
    "W11i": lambda: Graph(1, 784).dense(784, 128, 10).calls_per_second(in_int8=True),
    "W11b": lambda: 256 * Graph(256, 784).dense(784, 128, 10).calls_per_second(in_int8=True),
    "W12i": lambda: le_net().calls_per_second(in_int8=True),
    "W12b": lambda: 256 * le_net(256).calls_per_second(in_int8=True),
    "W13i": lambda: ds_cnn(1).calls_per_second(in_int8=True),
    "W13b": lambda: 256 * ds_cnn(256).calls_per_second(in_int8=True),
})
