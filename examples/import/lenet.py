"""Trains LeNet in PyTorch on a sixth of MNIST and exports it to ONNX: `python lenet.py ../../data/mnist`.

Then, with `check EXPORTED`, it runs a model that fnn has exported in ONNX Runtime; of an int8 model, with `check EXPORTED SCORES`, it
counts the integers that differ from those that fnn has computed.
"""

import gzip
import pathlib
import sys

import numpy


def images(path):
    return numpy.frombuffer(gzip.open(path).read(), "uint8", offset=16).reshape(-1, 1, 28, 28).astype("float32") / 255


def labels(path):
    return numpy.frombuffer(gzip.open(path).read(), "uint8", offset=8).astype("int64")


def export(data):
    import torch
    from torch import nn

    torch.manual_seed(1)
    x, t = torch.tensor(images(data / "train-images-idx3-ubyte.gz")), torch.tensor(labels(data / "train-labels-idx1-ubyte.gz"))

    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
            self.fc1, self.fc2, self.logits = nn.Linear(256, 120), nn.Linear(120, 84), nn.Linear(84, 10)

        def forward(self, x):
            x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
            x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
            x = torch.relu(self.fc1(torch.flatten(x, 1)))
            return self.logits(torch.relu(self.fc2(x)))

    model = LeNet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for batch in torch.randperm(10_000).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), t[batch]).backward()
        optimizer.step()
    model.eval()
    axes = {"image": {0: "N"}, "scores": {0: "N"}}
    torch.onnx.export(model, x[:1], "lenet.onnx", dynamo=False, opset_version=17, input_names=["image"],
                      output_names=["scores"], dynamic_axes=axes)
    x, t = torch.tensor(images(data / "t10k-images-idx3-ubyte.gz")), labels(data / "t10k-labels-idx1-ubyte.gz")
    with torch.no_grad():
        right = (model(x).argmax(1).numpy() == t).mean()
    print(f"PyTorch: {100 * right:.2f} % of the test digits")


def check(data, path, expected=None):
    import onnxruntime

    x, t = images(data / "t10k-images-idx3-ubyte.gz"), labels(data / "t10k-labels-idx1-ubyte.gz")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {"input": x})
    print(f"ONNX Runtime: {100 * (scores.argmax(1) == t).mean():.2f} % of the test digits")
    if expected:
        expected = numpy.fromfile(expected, "float32").reshape(-1, 10)
        # Integers times a scale: within a thousandth, they are the same.
        same = numpy.isclose(scores[: len(expected)], expected, rtol=0, atol=abs(expected).max() / 1000)
        print(f"{(~same).sum()} of {same.size} integers differ from fnn's")


data = pathlib.Path(sys.argv[1])
check(data, *sys.argv[3:]) if sys.argv[2:3] == ["check"] else export(data)
