// Drawn by `draw.py 1`.

architectures! {
    n01: [2, 9] -> [4, 6] {
        Residual { { Dropout(0.3) }, { Conv1d(2, kernel = 2, padding = same, bias = false) } },
        Conv1d(3, kernel = 1, stride = 3, dilation = 2, padding = (2, 0), bias = false),
        BatchNorm(epsilon = 0.1),
        Conv1d(4, kernel = 1, dilation = 2, padding = 1, bias = false),
    }

    n02: [5] -> [14, 1, 1] {
        Tanh,
        Softplus,
        Reshape(5, 1, 1),
        Concat { { AvgPool2d((1, 3), stride = (3, 1), padding = same), Conv2d(4, kernel = (1, 2), stride = (3, 1), dilation = 2, padding = same) }, {}, { LayerNorm(epsilon = 0.1, axes = 3), AvgPool2d((4, 2), stride = (2, 3), padding = ((3, 1), 1), count_padding = true) } },
    }

    n03: [1, 6, 5] -> [4, 4, 2] {
        LayerNorm(epsilon = 0.1, axes = 1),
        PRelu,
        Residual { { LayerNorm(epsilon = 0.1, axes = 2) }, { Conv2d(1, kernel = 3, dilation = 2, padding = same, bias = false) } },
        Conv2d(4, kernel = (2, 2), stride = (2, 3), padding = ((1, 2), 0)),
    }

    n04: [4, 4, 3] -> [6] {
        Conv2d(3, kernel = (3, 2), stride = (3, 1), dilation = (1, 2), padding = ((2, 2), 0)),
        BatchNorm(epsilon = 0.1),
        Flatten,
        Selu,
    }

    n05: [5] -> [5] {
        Gelu(tanh),
        Concat { { Relu6, Dropout(0.3) }, {}, { Dropout(0.3) } },
        Dense(2),
        Dropout(0.3),
        Dense(6),
        Dense(5),
    }

    n06: [2, 5, 4] -> [2, 8, 4] {
        LeakyRelu(0.3),
        Conv2d(2, kernel = (3, 2), stride = (1, 2), dilation = 2, padding = same, bias = false, groups = 2),
        Conv2d(2, kernel = (1, 2), stride = (2, 1), dilation = (1, 2), padding = ((1, 1), (0, 2)), bias = false),
        Residual { { GroupNorm(2, epsilon = 0.02) }, { Conv2d(2, kernel = (3, 2), dilation = (2, 1), padding = same) } },
        BatchNorm(epsilon = 0.02),
        Upsample2d(2),
        LeakyRelu(0.3),
    }

    n07: [1, 6, 5] -> [20, 3] {
        Dropout(0.3),
        Residual { { RmsNorm(epsilon = 0.1, axes = 1) }, { Conv2d(1, kernel = (2, 1), dilation = (1, 2), padding = same) } },
        Reshape(6, 5, 1),
        GroupNorm(2, epsilon = 0.02),
        Residual { { DepthwiseConv2d(kernel = (3, 3), dilation = (1, 2), padding = same, bias = false, multiplier = 2) }, { Conv2d(12, kernel = 2, padding = same, groups = 2) } },
        Dropout(0.3),
        Reshape(20, 3),
    }

    n08: [2, 5, 4] -> [3, 1, 2] {
        LayerNorm(epsilon = 0.02),
        LayerNorm(epsilon = 0.02, axes = 1),
        DepthwiseConv2d(kernel = 2, stride = (2, 3), dilation = (2, 1), padding = ((2, 1), (1, 0))),
        Concat { { Dropout(0.3) }, { Relu6, Relu } },
        GroupNorm(4, epsilon = 0.1),
        PRelu(each),
        Conv2d(3, kernel = 1, stride = 3, dilation = (2, 1), padding = ((0, 0), (2, 1))),
    }

    n09: [4] -> [3, 8] {
        tokens: Tokens,
        Reshape(3, 4),
        ZeroPad1d((1, 2)),
        Softplus(2.5),
        Reshape(3, 7),
        Residual { { LayerNorm(epsilon = 0.1) }, { Conv1d(3, kernel = 2, padding = same, groups = 3) } },
        ZeroPad1d((0, 1)),
    }

    n10: [4] -> [7] {
        tokens: Tokens,
        Reshape(3, 4),
        Flatten,
        Softmax,
        Dense(7),
        RmsNorm(epsilon = 0.1, axes = 1),
    }

    n11: [4] -> [2, 5, 2] {
        tokens: Tokens,
        Reshape(3, 4),
        Conv1d(4, kernel = 2, stride = 2, padding = same, bias = false),
        Concat { { Conv1d(1, kernel = 1, dilation = 2, padding = same) }, { DepthwiseConv1d(kernel = 2, padding = same), Selu } },
        Reshape(1, 5, 2),
        Concat { {}, { HardSigmoid, PRelu } },
    }

    n12: [3, 6] -> [6, 8] {
        Residual { { Dropout(0.3), GroupNorm(1, epsilon = 0.02) }, { Conv1d(3, kernel = 2, padding = same, groups = 3) } },
        ZeroPad1d((0, 2)),
        Concat { {}, { Relu6 } },
        Elu,
    }

    n13: [3, 3, 4] -> [4, 1, 4] {
        Residual { { LayerNorm(epsilon = 0.1, axes = 3), Residual { Dropout(0.3), GroupNorm(1, epsilon = 0.1), Conv2d(3, kernel = (2, 3), dilation = (1, 2), padding = same, groups = 3) } }, { Conv2d(3, kernel = 2, dilation = (2, 1), padding = same, groups = 3) } },
        Residual { { Dropout(0.3) }, { Conv2d(3, kernel = (2, 3), dilation = (1, 2), padding = same, groups = 3) } },
        Conv2d(4, kernel = (1, 3), stride = (3, 1), dilation = (1, 2), padding = same, bias = false),
        Residual { { Mish, Gelu }, { Conv2d(4, kernel = (3, 1), padding = same) } },
    }

    n14: [1, 6, 5] -> [17] {
        Upsample2d((1, 1)),
        Residual { { Residual { { Dropout(0.3) }, { Conv2d(1, kernel = (2, 3), dilation = (2, 1), padding = same, bias = false) } } }, { Conv2d(1, kernel = 1, dilation = 2, padding = same, bias = false) } },
        Residual { Sigmoid, Conv2d(1, kernel = (2, 3), dilation = (1, 2), padding = same) },
        Flatten,
        GroupNorm(6, epsilon = 0.02),
        Dense(5),
        Concat { {}, {}, { Dense(7, bias = false) } },
    }

    n15: [3, 3, 4] -> [4, 3, 4] {
        Residual { Selu, Conv2d(3, kernel = (1, 3), dilation = (2, 1), padding = same) },
        Conv2d(4, kernel = (2, 3), stride = (3, 1), dilation = (1, 2), padding = (0, 2)),
        Conv2d(4, kernel = (1, 3), padding = ((0, 1), (2, 0)), bias = false, groups = 4),
        Residual { Relu6, Dropout(0.3), Conv2d(4, kernel = (1, 2), padding = same, bias = false, groups = 4) },
        MaxPool2d((2, 1), stride = 1, padding = (1, 0)),
        Residual { Dropout(0.3), Dropout(0.3), Conv2d(4, kernel = 2, dilation = (1, 2), padding = same, bias = false, groups = 4) },
    }

    n16: [4] -> [4] {
        tokens: Tokens,
        Reshape(3, 4),
        Conv1d(2, kernel = 3),
        Gelu,
        Residual { Gelu, Selu, Conv1d(2, kernel = 2, padding = same, bias = false) },
        Upsample1d(1),
        Flatten,
    }

    n17: [5] -> [6] {
        Tanh,
        Residual { GroupNorm(5, epsilon = 0.1), Dense(5) },
        Identity,
        Residual { { Mish, GroupNorm(5, epsilon = 0.1) }, { Dense(5) } },
        Dense(6, bias = false),
    }

    n18: [4, 4, 3] -> [4, 4, 3] {
        Residual { { Softplus(2.5), RmsNorm(epsilon = 0.1, axes = 2) }, { Conv2d(4, kernel = 2, dilation = (2, 1), padding = same, bias = false) } },
        Elu(0.5),
        LayerNorm(epsilon = 0.02, axes = 1),
        Residual { { LeakyRelu }, { Conv2d(4, kernel = (3, 1), dilation = (2, 1), padding = same, bias = false) } },
        Elu,
    }

    n19: [8] -> [4] {
        Dense(7),
        Residual { { Dense(2, bias = false), Softplus }, { Dense(2) } },
        Dense(4),
        Identity,
        LogSoftmax,
    }

    n20: [4] -> [3] {
        tokens: Tokens,
        Reshape(3, 4),
        GlobalAvgPool,
        Dense(3, bias = false),
        Softmax,
        Dropout(0.3),
        HardSigmoid,
    }

    n21: [2, 5, 4] -> [3, 5, 1] {
        RmsNorm(epsilon = 0.1, axes = 2),
        HardSigmoid,
        Conv2d(3, kernel = (4, 2), stride = (1, 3), padding = (2, (0, 2))),
        ZeroPad2d(((1, 2), (0, 0))),
        Sigmoid,
        AvgPool2d((2, 1), stride = 2, padding = same, count_padding = false),
    }

    n22: [4] -> [6, 3] {
        tokens: Tokens,
        Reshape(3, 4),
        Residual { Elu(0.5), Tanh, Conv1d(3, kernel = 3, dilation = 2, padding = same, groups = 3) },
        DepthwiseConv1d(kernel = 2, bias = false, multiplier = 2),
        Silu,
        MaxPool1d(3, stride = 1, padding = same),
        LayerNorm(epsilon = 0.02, axes = 1),
    }

    n23: [4] -> [2, 1] {
        tokens: Tokens,
        Reshape(3, 4),
        DepthwiseConv1d(kernel = 3, stride = 3, dilation = 2, padding = causal, multiplier = 3),
        BatchNorm(epsilon = 0.02),
        Conv1d(2, kernel = 2, stride = 3, dilation = 2, padding = causal, bias = false),
        AvgPool1d(1, stride = 2),
    }

    n24: [4, 4, 3] -> [4, 4, 1] {
        Dropout(0.3),
        Concat { { Conv2d(4, kernel = (2, 3), dilation = 2, padding = ((2, 0), 1), bias = false, groups = 4) }, { Relu6, DepthwiseConv2d(kernel = (2, 3), stride = (1, 3), dilation = (1, 2), padding = same, bias = false) } },
        HardSwish,
        Residual { { Dropout(0.3) }, { Conv2d(8, kernel = (2, 1), dilation = (1, 2), padding = same, groups = 8) } },
        Conv2d(4, kernel = (2, 3), dilation = (2, 1), padding = same, groups = 2),
        DepthwiseConv2d(kernel = 2, stride = (1, 3), dilation = 2, padding = (1, 2)),
    }
}
