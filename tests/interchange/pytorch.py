"""Exchanges weights between fnn and PyTorch in both directions: python pytorch.py FOLDER

For each module below, FOLDER has NAME.safetensors, written by fnn's `save`, and NAME.io.safetensors with inputs `x` and fnn's
outputs `y`. PyTorch loads the weights with `strict=True` and compares the outputs. Then it writes other weights to
NAME.torch.safetensors, and its inputs and outputs to NAME.torch.io.safetensors, for fnn to read.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

torch.manual_seed(1)
torch.set_num_threads(1)


class Square(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3, padding=1, groups=2)
        self.fc = nn.Linear(192, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 2)
        return self.fc(self.conv2(x).relu().flatten(1))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)

    def forward(self, x):
        return x + self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.block0, self.block1 = Block(), Block()

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        return self.block1(self.block0(x).relu()).relu()


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(), nn.Linear(192, 3)

    def forward(self, x):
        return self.head(self.encoder(x).flatten(1))


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(2, 6, 5, stride=2, padding=2, bias=False), nn.BatchNorm1d(6)
        self.conv2, self.fc = nn.Conv1d(6, 8, 3, dilation=2), nn.Linear(32, 4)

    def forward(self, x):
        x = nn.functional.elu(self.conv2(self.bn1(self.conv1(x)).relu()))
        return self.fc(nn.functional.max_pool1d(x, 2).flatten(1))


def tokens():
    layers = [
        ("emb", nn.Embedding(11, 5)),
        ("flatten", nn.Flatten()),
        ("hidden", nn.Linear(20, 8)),
        ("tanh", nn.Tanh()),
        ("scores", nn.Linear(8, 3)),
    ]
    return nn.Sequential(OrderedDict(layers))


def slopes():
    layers = [
        ("conv", nn.Conv2d(1, 3, 3)),
        ("prelu1", nn.PReLU(3)),
        ("flatten", nn.Flatten()),
        ("fc1", nn.Linear(60, 6)),
        ("prelu2", nn.PReLU(1)),
        ("fc2", nn.Linear(6, 6)),
        ("prelu3", nn.PReLU(6)),
        ("fc3", nn.Linear(6, 2)),
    ]
    return nn.Sequential(OrderedDict(layers))


def norms():
    layers = [
        ("first", nn.Linear(10, 12)),
        ("norm", nn.LayerNorm(12)),
        ("gelu", nn.GELU()),
        ("rms", nn.RMSNorm(12)),
        ("second", nn.Linear(12, 4)),
    ]
    return nn.Sequential(OrderedDict(layers))


MODULES = {
    "square": (Square, [4]),
    "cnn": (Cnn, [1, 16, 12]),
    "res_net": (ResNet, [2, 8, 6]),
    "sequence": (Sequence, [2, 24]),
    "tokens": (tokens, [4]),
    "slopes": (slopes, [1, 6, 7]),
    "norms": (norms, [10]),
}


def check(folder, name, make, shape):
    module = make()
    module.load_state_dict(load_file(folder / f"{name}.safetensors"), strict=True)
    module.eval()
    io = load_file(folder / f"{name}.io.safetensors")
    with torch.no_grad():
        y = module(io["x"])
    deviation = ((y - io["y"]).abs().max() / io["y"].abs().max()).item()
    print(f"{name}: load_state_dict(strict=True) takes what fnn wrote; outputs deviate by {deviation:.1e} of the largest one")
    assert deviation < 1e-5, name

    module = make()
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.is_floating_point():
                tensor.add_(0.2 * torch.rand(tensor.shape))
        # A few mini-batches, for running statistics and their count.
        for _ in range(3):
            module(torch.randint(11, (8, 4)) if name == "tokens" else torch.randn(8, *shape))
        module.eval()
        x = torch.randint(11, (4, 4)) if name == "tokens" else torch.randn(4, *shape)
        y = module(x)
    save_file(module.state_dict(), folder / f"{name}.torch.safetensors")
    save_file({"x": x, "y": y.contiguous()}, folder / f"{name}.torch.io.safetensors")


for name, (make, shape) in MODULES.items():
    check(Path(sys.argv[1]), name, make, shape)
