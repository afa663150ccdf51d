"""The workloads in PyTorch: eager, and the best of its optimizers' forms."""

import torch
from torch import nn

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
    inputs = torch.rand(*shape)
    with torch.inference_mode():
        return calls_per_second(lambda: network(inputs))


def train(network, optimizer, *shape):
    classes = torch.arange(shape[0]) % 10
    return shape[0] * steps(network, optimizer(network), nn.CrossEntropyLoss(), torch.rand(*shape), classes)


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
})
