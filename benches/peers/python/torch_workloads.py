"""The workloads in PyTorch: eager mode, with the fastest variant of each optimizer."""

import torch
from torch import nn
from torch.fx.experimental.optimization import fuse

from windows import THREADS, calls_per_second, run

torch.set_num_threads(THREADS)
torch.manual_seed(1)


def dense(*sizes, activation=nn.ReLU, last=()):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1], *last)


def le_net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


def convolution(inputs, outputs, kernel, stride=1, padding=0, groups=1, last=(nn.ReLU,)):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups), nn.BatchNorm2d(outputs)]
    return layers + [layer() for layer in last]


def ds_cnn():
    layers = convolution(1, 64, (10, 4), 2, (5, 1))
    for _ in range(4):
        layers += convolution(64, 64, 3, padding=1, groups=64) + convolution(64, 64, 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 12))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        first = convolution(inputs, outputs, 3, stride, padding=1)
        self.inside = nn.Sequential(*first, *convolution(outputs, outputs, 3, padding=1, last=()))
        self.around = nn.Identity() if stride == 1 else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x):
        return torch.relu(self.inside(x) + self.around(x))


def res_net_8():
    blocks = [Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)]
    return nn.Sequential(
        *convolution(3, 16, 3, padding=1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    )


def pictures():
    layers = []
    for inputs, outputs in [(3, 32), (32, 64)]:
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4096, 128), nn.ReLU(), nn.Linear(128, 10))


def autoencoder():
    layers, sizes = [], [640, 128, 128, 128, 128, 8, 128, 128, 128, 128]
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 640))


def steps(network, optimizer, loss, inputs, targets):
    def step():
        optimizer.zero_grad()
        loss(network(inputs), targets).backward()
        optimizer.step()

    return calls_per_second(step)


def sgd(network):
    return torch.optim.SGD(network.parameters(), lr=0.1, foreach=True)


def adam(network):
    return torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)


def inference(network, *shape):
    network.eval()
    inputs = torch.rand(*shape)
    with torch.inference_mode():
        return calls_per_second(lambda: network(inputs))


def folded(network):
    """Its batch norms merged into the layers before them."""
    return fuse(network.eval())


def train(network, optimizer, *shape):
    classes = torch.arange(shape[0]) % 10
    return shape[0] * steps(network, optimizer(network), nn.CrossEntropyLoss(), torch.rand(*shape), classes)


def echo(network, *shape):
    inputs = torch.rand(*shape)
    return shape[0] * steps(network, sgd(network), nn.MSELoss(), inputs, inputs)


def xor():
    network = dense(2, 8, 1, activation=nn.Tanh, last=[nn.Sigmoid()])
    return steps(network, sgd(network), nn.MSELoss(), torch.rand(4, 2), torch.rand(4, 1))


run({
    "W1": lambda: train(dense(784, 128, 10), sgd, 64, 784),
    "W2": lambda: train(dense(784, 512, 256, 10), adam, 128, 784),
    "W3": xor,
    "W4a": lambda: inference(dense(784, 128, 10), 1, 784),
    "W4b": lambda: inference(dense(4, 16, 16, 3), 1, 4),
    "W4c": lambda: inference(dense(2, 8, 1, activation=nn.Tanh), 1, 2),
    "W5": lambda: 256 * inference(dense(784, 128, 10), 256, 784),
    "W6": lambda: train(le_net(), sgd, 64, 1, 28, 28),
    "W6i": lambda: inference(le_net(), 1, 1, 28, 28),
    "W7": lambda: train(ds_cnn(), sgd, 64, 1, 49, 10),
    "W7i": lambda: inference(folded(ds_cnn()), 1, 1, 49, 10),
    "W7id": lambda: inference(ds_cnn(), 1, 1, 49, 10),
    "W7b": lambda: 256 * inference(folded(ds_cnn()), 256, 1, 49, 10),
    "W7bd": lambda: 256 * inference(ds_cnn(), 256, 1, 49, 10),
    "W8": lambda: train(res_net_8(), sgd, 64, 3, 32, 32),
    "W8i": lambda: inference(folded(res_net_8()), 1, 3, 32, 32),
    "W8id": lambda: inference(res_net_8(), 1, 3, 32, 32),
    "W8b": lambda: 256 * inference(folded(res_net_8()), 256, 3, 32, 32),
    "W8bd": lambda: 256 * inference(res_net_8(), 256, 3, 32, 32),
    "W9": lambda: train(pictures(), sgd, 64, 3, 32, 32),
    "W9i": lambda: inference(pictures(), 1, 3, 32, 32),
    "W9b": lambda: 256 * inference(pictures(), 256, 3, 32, 32),
    "W10": lambda: echo(autoencoder(), 64, 640),
    "W10i": lambda: inference(folded(autoencoder()), 1, 640),
    "W10id": lambda: inference(autoencoder(), 1, 640),
    "W10b": lambda: 256 * inference(folded(autoencoder()), 256, 640),
    "W10bd": lambda: 256 * inference(autoencoder(), 256, 640),
})
