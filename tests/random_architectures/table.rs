// Drawn by `draw.py 1`.

architectures! {
    n01: [2, 9] -> [4, 9] {
        Conv1d(2, kernel = 3, dilation = 2, padding = same),
        Residual { Dropout(0.3), Conv1d(2, kernel = 3, padding = same, groups = 2) },
        Reshape(2, 9),
        Conv1d(4, kernel = 1, padding = same),
    }

    n02: [3, 3, 4] -> [8, 2] {
        Reshape(18, 2),
        Conv1d(1, kernel = 1, dilation = 2, padding = same),
        Residual { { Conv1d(2, kernel = 3, dilation = 2, padding = same) }, { Conv1d(2, kernel = 3, dilation = 2, padding = same) } },
        Concat { { Tanh }, { Dropout(0.3) } },
        Concat { { Dropout(0.3), Dropout(0.3) }, {} },
    }

    n03: [3, 3, 4] -> [6] {
        RmsNorm(epsilon = 0.02, axes = 2),
        LayerNorm(epsilon = 0.1, axes = 2),
        Reshape(3, 3, 4),
        Dropout(0.3),
        Conv2d(2, kernel = (4, 2), stride = (2, 1), dilation = (2, 1), padding = (2, 0), bias = false),
        Conv2d(1, kernel = (1, 4), stride = (2, 1), padding = (2, 1), bias = false),
        Flatten,
    }

    n04: [2, 9] -> [6] {
        PRelu(each),
        Flatten,
        Dense(2, bias = false),
        Residual { { Softplus(2.5) }, { Dense(2) } },
        Dense(6, bias = false),
        HardSwish,
    }

    n05: [4] -> [2] {
        tokens: Tokens,
        Reshape(3, 4),
        GlobalAvgPool,
        Dense(2, bias = false),
        Softmax,
        HardSigmoid,
    }

    n06: [8] -> [24] {
        Dropout(0.3),
        Dropout(0.3),
        Identity,
        Concat { {}, {}, { Dropout(0.3) } },
    }

    n07: [2, 9] -> [3, 10] {
        AvgPool1d(4, stride = 2, padding = 2),
        Conv1d(3, kernel = 3, padding = same, bias = false),
        Residual { BatchNorm(epsilon = 0.02), Dropout(0.3), Conv1d(3, kernel = 1, dilation = 2, padding = same, bias = false, groups = 3) },
        Upsample1d(2),
    }

    n08: [2, 5, 4] -> [40] {
        Residual { { LayerNorm(epsilon = 0.02) }, { Conv2d(2, kernel = (3, 1), padding = same, groups = 2) } },
        Reshape(10, 2, 2),
        Flatten,
        Elu,
    }

    n09: [4] -> [6] {
        tokens: Tokens,
        Reshape(3, 4),
        Elu(0.5),
        Softplus,
        Conv1d(2, kernel = 3, padding = same),
        Flatten,
        Dense(6, bias = false),
    }

    n10: [4, 4, 3] -> [1, 6, 6] {
        Conv2d(3, kernel = 3, padding = (0, 1), bias = false),
        Conv2d(1, kernel = 4, padding = (2, 1)),
        Upsample2d((2, 3)),
        PRelu,
        Softplus,
    }

    n11: [4] -> [9, 4] {
        tokens: Tokens,
        Reshape(3, 4),
        Dropout(0.3),
        HardSigmoid,
        Concat { {}, { Relu6, LayerNorm(epsilon = 0.02, axes = 2) }, {} },
        LayerNorm(epsilon = 0.02),
        Tanh,
        PRelu,
        Dropout(0.3),
    }

    n12: [2, 5, 4] -> [5] {
        Flatten,
        LogSoftmax,
        Identity,
        Identity,
        PRelu,
        Dense(5),
    }

    n13: [8] -> [2, 1, 1] {
        Dropout(0.3),
        Dense(2),
        PRelu(each),
        Reshape(1, 2),
        Selu,
        Reshape(2, 1, 1),
        Residual { { Dropout(0.3), Residual { { GroupNorm(2, epsilon = 0.1) }, { Conv2d(2, kernel = 1, dilation = (2, 1), padding = same) } } }, { Conv2d(2, kernel = 3, dilation = (2, 1), padding = same, bias = false, groups = 2) } },
    }

    n14: [4] -> [1, 3] {
        tokens: Tokens,
        Reshape(3, 4),
        Residual { Residual { { Conv1d(3, kernel = 3, padding = same, groups = 3), Silu }, { Conv1d(3, kernel = 1, dilation = 2, padding = same, groups = 3) } }, Conv1d(3, kernel = 1, dilation = 2, padding = same, bias = false) },
        GlobalAvgPool,
        Concat { { Dense(3, bias = false), Dropout(0.3) }, { HardSwish, Dense(5) }, {} },
        Reshape(1, 11),
        Silu,
        MaxPool1d(3),
    }

    n15: [3, 6] -> [15] {
        Flatten,
        Silu,
        Dropout(0.3),
        Dense(5, bias = false),
        Concat { {}, { Mish }, { Dropout(0.3), BatchNorm(epsilon = 0.1) } },
        Residual { Dense(6), Dropout(0.3), Dense(15) },
        Elu(0.5),
    }

    n16: [4] -> [7] {
        tokens: Tokens,
        Reshape(3, 4),
        Flatten,
        HardSigmoid,
        Gelu(tanh),
        GroupNorm(12, epsilon = 0.1),
        Dense(7),
        LogSoftmax,
    }

    n17: [3, 3, 4] -> [5] {
        Conv2d(3, kernel = 2, stride = (1, 2), dilation = (1, 2), padding = 2, groups = 3),
        Residual { { Dropout(0.3), Residual { { DepthwiseConv2d(kernel = 1, dilation = 2, padding = same), Elu }, { Conv2d(3, kernel = (3, 1), dilation = (1, 2), padding = same, groups = 3) } } }, { Conv2d(3, kernel = (3, 1), dilation = (1, 2), padding = same) } },
        GlobalAvgPool,
        Dense(7),
        Dropout(0.3),
        Dense(5, bias = false),
    }

    n18: [4] -> [9, 1] {
        tokens: Tokens,
        Reshape(3, 4),
        PRelu(each),
        LeakyRelu,
        Conv1d(3, kernel = 3, stride = 3, dilation = 2, padding = 1),
        Residual { { Conv1d(3, kernel = 1, stride = 3, dilation = 2, padding = 1, groups = 3) }, { Conv1d(3, kernel = 1, padding = same, bias = false, groups = 3) } },
        Concat { {}, { Softplus(2.5), AvgPool1d(3, padding = 1) }, { LayerNorm(epsilon = 0.02, axes = 2), Elu } },
        HardSigmoid,
    }

    n19: [5] -> [1, 1, 2] {
        Reshape(1, 1, 5),
        PRelu(each),
        Residual { { Dropout(0.3), Dropout(0.3) }, { Conv2d(1, kernel = 1, dilation = (1, 2), padding = same, bias = false) } },
        MaxPool2d(1, stride = (2, 3)),
        LayerNorm(epsilon = 0.02, axes = 2),
        BatchNorm(epsilon = 0.02),
    }

    n20: [3, 3, 4] -> [4, 3, 1] {
        Selu,
        Conv2d(3, kernel = 3, stride = 3, padding = (2, 0)),
        Residual { { AvgPool2d((1, 2), stride = (1, 3), padding = (0, 1)), Mish }, { Conv2d(3, kernel = (1, 3), dilation = 2, padding = same, bias = false) } },
        Conv2d(4, kernel = (4, 3), padding = (2, 1)),
        Elu(0.5),
    }

    n21: [4, 4, 3] -> [4, 2, 1] {
        LeakyRelu(0.3),
        LeakyRelu,
        GroupNorm(2, epsilon = 0.02),
        Dropout(0.3),
        MaxPool2d((3, 1), stride = (1, 3)),
    }

    n22: [4, 4, 3] -> [12] {
        MaxPool2d((1, 2), stride = (2, 1), padding = (0, 1)),
        DepthwiseConv2d(kernel = (2, 2), stride = (2, 1), dilation = 2, padding = (1, 2), multiplier = 3),
        LeakyRelu(0.3),
        GlobalAvgPool,
        PRelu,
    }
}
