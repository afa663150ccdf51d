// Drawn by `draw.py 1`.

architectures! {
    n01: [2, 9] -> [2, 18] {
        Residual { { Dropout(0.3) }, { Conv1d(2, kernel = 2, padding = same, bias = false) } },
        Upsample1d(2),
        GroupNorm(1, epsilon = 0.02),
        Dropout(0.3),
    }

    n02: [4] -> [3] {
        tokens: Tokens,
        Reshape(3, 4),
        GlobalAvgPool,
        GroupNorm(3, epsilon = 0.1),
        Slice(0, 3),
        Dropout(0.3),
    }

    n03: [4, 4, 3] -> [7] {
        Slice(1, 4),
        Residual { Gelu, Conv2d(3, kernel = (2, 1), padding = same, groups = 3) },
        DepthwiseConv2d(kernel = 1, stride = (3, 1), padding = (1, (1, 2)), multiplier = 2),
        GlobalAvgPool,
        Dense(7, bias = false),
    }

    n04: [4, 4, 3] -> [2, 16] {
        LeakyRelu,
        Elu(0.5),
        DepthwiseConv2d(kernel = (3, 2), stride = (1, 2), dilation = 2, padding = same, bias = false),
        Reshape(2, 16),
        Sum { { Elu(0.5) }, { Concat { {}, { LayerNorm(epsilon = 0.1, axes = 2) } }, Conv1d(2, kernel = 2, padding = same) } },
    }

    n05: [2, 9] -> [4] {
        ZeroPad1d((1, 2)),
        Concat { {}, {} },
        Residual { Residual { { BatchNorm(epsilon = 0.02) }, { Conv1d(4, kernel = 2, dilation = 2, padding = same) } }, DepthwiseConv1d(kernel = 3, padding = same), Conv1d(4, kernel = 2, padding = same, groups = 4) },
        GlobalAvgPool,
    }

    n06: [5] -> [4] {
        Tanh,
        Dense(6),
        LayerNorm(epsilon = 0.02),
        Sum { { Dense(5, bias = false) }, { Dense(3), Dense(5) }, { Sum { {}, {}, { Dense(3), Dense(6) } }, Dense(5) } },
        Dense(4),
    }

    n07: [4] -> [3, 4] {
        tokens: Tokens,
        Reshape(3, 4),
        Residual { Residual { { PRelu, DepthwiseConv1d(kernel = 1, dilation = 2, bias = false, multiplier = 3) }, { Conv1d(9, kernel = 3, dilation = 2, padding = same, groups = 3) } }, AvgPool1d(3, stride = 1, padding = same, count_padding = false), Conv1d(3, kernel = 1, padding = same) },
        HardSwish,
        Residual { Dropout(0.3), HardSwish, Conv1d(3, kernel = 1, padding = same, bias = false, groups = 3) },
        Dropout(0.3),
    }

    n08: [4, 4, 3] -> [2, 1, 3] {
        GlobalAvgPool,
        Dense(5),
        Reshape(1, 1, 5),
        AvgPool2d((1, 2), stride = 1, padding = (0, 1), count_padding = false),
        Conv2d(2, kernel = (4, 2), stride = (1, 3), dilation = (1, 2), padding = ((1, 2), 2), bias = false),
    }

    n09: [5] -> [2, 2] {
        Dense(4, bias = false),
        Concat { { Clip(min = -0.7) }, { GroupNorm(4, epsilon = 0.1), Dropout(0.3) } },
        LogSoftmax,
        Reshape(2, 4),
        Slice(1, 2),
        Concat { { Dropout(0.3) }, {} },
        Conv1d(2, kernel = 1, stride = 3, padding = (1, 0), bias = false),
    }

    n10: [3, 3, 4] -> [24, 3, 1] {
        Concat { {}, {} },
        LayerNorm(epsilon = 0.1, axes = 3),
        Flatten,
        Reshape(12, 3, 2),
        Dropout(0.3),
        DepthwiseConv2d(kernel = (2, 2), stride = (1, 3), dilation = (2, 1), padding = same, bias = false, multiplier = 2),
    }

    n11: [4, 4, 3] -> [2, 3, 2] {
        AvgPool2d((3, 1), stride = (2, 1), padding = ((2, 0), 0)),
        Upsample2d((1, 3)),
        Conv2d(1, kernel = (1, 4), stride = (1, 2), dilation = (2, 1), padding = ((0, 2), (0, 1))),
        Selu,
        Conv2d(2, kernel = (2, 1), dilation = (2, 1), padding = same),
        AvgPool2d((4, 2), stride = 2, padding = (2, (0, 1)), count_padding = false),
        Sigmoid,
    }

    n12: [8] -> [8, 1] {
        LeakyRelu,
        Identity,
        Dropout(0.3),
        Reshape(8, 1),
    }

    n13: [8] -> [5, 1, 1] {
        Residual { { Dense(2), Dropout(0.3) }, { Dense(2) } },
        Sum { { Dropout(0.3) }, {} },
        Dense(4),
        Dense(2),
        RmsNorm(epsilon = 0.02),
        Dense(5),
        Reshape(5, 1, 1),
    }

    n14: [3, 6] -> [7] {
        Sum { { Conv1d(2, kernel = 2, dilation = 2, padding = causal) }, { GroupNorm(1, epsilon = 0.02), Conv1d(2, kernel = 1, dilation = 2, padding = same) }, { Conv1d(2, kernel = 2, dilation = 2, padding = same) } },
        Flatten,
        Elu(0.5),
        Dense(7),
        LogSoftmax,
    }

    n15: [8] -> [5] {
        Sum { { Dense(5, bias = false) }, { Clip(-0.9, 1.1), Dense(5) } },
        Residual { Dense(4, bias = false), Dense(5) },
        Identity,
        Dropout(0.3),
        LogSoftmax,
    }

    n16: [8] -> [10, 1] {
        Dense(5),
        LogSoftmax,
        Sum { { Dense(2) }, { Relu, Dense(2) }, { Dense(2) } },
        Reshape(2, 1),
        Concat { { HardSigmoid }, { Mish, MaxPool1d(1, stride = 3) }, { Dropout(0.3), DepthwiseConv1d(kernel = 3, stride = 3, padding = causal, multiplier = 3) } },
        Residual { { AvgPool1d(1) }, { Conv1d(10, kernel = 3, dilation = 2, padding = same, bias = false, groups = 10) } },
        Dropout(0.3),
    }

    n17: [4] -> [1, 3] {
        tokens: Tokens,
        Reshape(3, 4),
        Softplus(2.5),
        LeakyRelu(0.3),
        Dropout(0.3),
        Concat { {}, { Relu }, {} },
        Conv1d(1, kernel = 2, dilation = 2, padding = (1, 0)),
    }

    n18: [1, 6, 5] -> [6] {
        Residual { Dropout(0.3), Conv2d(1, kernel = 1, dilation = 2, padding = same) },
        Concat { { Relu6 }, { LayerNorm(epsilon = 0.1, axes = 2) } },
        Residual { Residual { { Residual { { Silu }, { Conv2d(2, kernel = 2, dilation = (2, 1), padding = same, bias = false, groups = 2) } } }, { Conv2d(2, kernel = (3, 2), dilation = 2, padding = same, bias = false, groups = 2) } }, Conv2d(2, kernel = (3, 1), dilation = (2, 1), padding = same, groups = 2) },
        GlobalAvgPool,
        Residual { { Dense(6), Sigmoid }, { Dense(6) } },
        Sum { { Sigmoid }, { GroupNorm(3, epsilon = 0.02) }, {} },
    }

    n19: [4, 4, 3] -> [10] {
        Sum { { BatchNorm(epsilon = 0.02) }, {} },
        Residual { { RmsNorm(epsilon = 0.02, axes = 2) }, { Conv2d(4, kernel = 3, dilation = (1, 2), padding = same, groups = 4) } },
        Elu(0.5),
        GlobalAvgPool,
        Dense(4),
        Concat { { Sigmoid, Dense(6) }, {} },
        Gelu(tanh),
    }

    n20: [1, 6, 5] -> [7, 3] {
        Dropout(0.3),
        ZeroPad2d(((0, 1), (0, 1))),
        Conv2d(3, kernel = (3, 1), stride = (1, 3), dilation = 2, padding = same),
        AvgPool2d((3, 1), stride = (1, 3), padding = same),
        Sum { {}, {}, { Silu } },
        Reshape(7, 3),
    }

    n21: [1, 6, 5] -> [1, 8, 8] {
        AvgPool2d((3, 2), stride = 1, padding = ((1, 0), (0, 1)), count_padding = true),
        PRelu(each),
        ZeroPad2d(((2, 1), (1, 2))),
        Clip(max = 0.8),
    }

    n22: [4] -> [1, 3, 1] {
        tokens: Tokens,
        Reshape(3, 4),
        DepthwiseConv1d(kernel = 1, dilation = 2, padding = causal),
        Reshape(6, 2, 1),
        MaxPool2d(4, stride = (1, 2), padding = ((1, 1), (0, 3))),
        BatchNorm(epsilon = 0.1),
        Conv2d(1, kernel = (1, 3), dilation = (2, 1), padding = (1, (1, 1))),
        Elu(0.5),
    }
}
