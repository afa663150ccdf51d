"""The layers of a list, in PyTorch and ONNX Runtime, on one thread: the time that a tenth of the passes over 64 samples
stay below, in µs of the processor's time.

Prints the layer's number, PyTorch's times forward and backward, and ONNX Runtime's forward; `-` for what it can't run.
"""

import json
import sys
import time

BATCH = 64
SECONDS, PASSES = 0.1, 12

try:
    import numpy as np
    import torch
except ImportError:
    sys.exit(0)
try:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    onnxruntime = None

torch.set_num_threads(1)
torch.manual_seed(1)


def tenth(one_pass):
    """The first decile of a pass's times."""
    start, times = time.thread_time(), []
    while time.thread_time() - start < SECONDS or len(times) < PASSES:
        times.append(one_pass())
    return 1e6 * sorted(times)[len(times) // 10]


def timed(call):
    def one_pass():
        start = time.thread_time()
        call()
        return time.thread_time() - start

    return one_pass


def torch_layer(layer):
    kind, channels = layer["kind"], layer["input"][0]
    axes = len(layer["input"]) - 1
    if kind == "convolution":
        make = torch.nn.Conv2d if axes == 2 else torch.nn.Conv1d
        return make(channels, layer["filters"], layer["kernel"], layer["stride"], layer["padding"],
                    layer["dilation"], layer["groups"])
    if kind in ("maximum", "average"):
        names = {("maximum", 1): "MaxPool1d", ("maximum", 2): "MaxPool2d"}
        make = getattr(torch.nn, names.get((kind, axes), f"AvgPool{axes}d"))
        return make(layer["kernel"], layer["stride"], layer["padding"])
    if kind == "batch norm":
        return [None, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d][axes](channels)
    if kind == "layer norm":
        return torch.nn.LayerNorm(layer["input"])
    return torch.nn.GroupNorm(layer["groups"], channels)


def torch_times(layer):
    module = torch_layer(layer)
    x = torch.randn(BATCH, *layer["input"])

    def forward():
        with torch.inference_mode():
            module(x)

    module.eval()
    inference = tenth(timed(forward))
    module.train()
    inputs = x.clone().requires_grad_()
    gradients = torch.randn_like(module(inputs))

    def backward():
        inputs.grad = None
        module.zero_grad(set_to_none=True)
        y = module(inputs)
        start = time.thread_time()
        y.backward(gradients)
        return time.thread_time() - start

    return inference, tenth(backward)


def onnx_time(layer):
    kind, channels = layer["kind"], layer["input"][0]
    weights = {}
    attributes = {}
    if "kernel" in layer:
        attributes = {"kernel_shape": layer["kernel"], "strides": layer["stride"], "pads": 2 * layer["padding"]}
    random = np.random.default_rng(1)
    if kind == "convolution":
        attributes |= {"dilations": layer["dilation"], "group": layer["groups"]}
        shape = (layer["filters"], channels // layer["groups"], *layer["kernel"])
        weights = {"w": random.normal(size=shape), "b": random.normal(size=layer["filters"])}
        operator = "Conv"
    elif kind in ("maximum", "average"):
        operator = "MaxPool" if kind == "maximum" else "AveragePool"
        if kind == "average":
            attributes["count_include_pad"] = 1
    elif kind == "batch norm":
        operator = "BatchNormalization"
        weights = {name: np.ones(channels) for name in ("w", "b", "mean", "variance")}
    elif kind == "layer norm":
        operator = "LayerNormalization"
        weights = {name: np.ones(layer["input"]) for name in ("w", "b")}
    else:
        operator = "GroupNormalization"
        attributes["num_groups"] = layer["groups"]
        weights = {name: np.ones(channels) for name in ("w", "b")}
    node = helper.make_node(operator, ["x", *weights], ["y"], **attributes)
    arrays = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph([node], "layer", [value("x", [BATCH, *layer["input"]])], [value("y", None)], arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    inputs = {"x": random.random((BATCH, *layer["input"]), dtype=np.float32)}
    return tenth(timed(lambda: session.run(None, inputs)))


only = {int(number) for number in sys.argv[2:]}
for number, line in enumerate(open(sys.argv[1])):
    if only and number not in only:
        continue
    layer = json.loads(line)
    times = [f"{time:.3f}" for time in torch_times(layer)]
    try:
        times.append(f"{onnx_time(layer):.3f}" if onnxruntime else "-")
    except Exception as error:
        print(number, layer, error, file=sys.stderr)
        times.append("-")
    print(number, *times, flush=True)
