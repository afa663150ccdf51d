//! The networks of W7 to W10: three from MLPerf Tiny, and one of the size that tutorials train on CIFAR-10.

fnn::network! {
    /// W7: DS-CNN, keyword spotting.
    pub(crate) struct DsCnn: [1, 49, 10] -> [12] {
        Conv2d(64, kernel = (10, 4), stride = 2, padding = (5, 1)),
        BatchNorm,
        Relu,
        DepthwiseConv2d(kernel = 3, padding = same),
        BatchNorm,
        Relu,
        Conv2d(64, kernel = 1),
        BatchNorm,
        Relu,
        DepthwiseConv2d(kernel = 3, padding = same),
        BatchNorm,
        Relu,
        Conv2d(64, kernel = 1),
        BatchNorm,
        Relu,
        DepthwiseConv2d(kernel = 3, padding = same),
        BatchNorm,
        Relu,
        Conv2d(64, kernel = 1),
        BatchNorm,
        Relu,
        DepthwiseConv2d(kernel = 3, padding = same),
        BatchNorm,
        Relu,
        Conv2d(64, kernel = 1),
        BatchNorm,
        Relu,
        GlobalAvgPool,
        Dense(12),
    }
}

fnn::network! {
    /// W8: ResNet-8, image classification.
    pub(crate) struct ResNet8: [3, 32, 32] -> [10] {
        Conv2d(16, kernel = 3, padding = same),
        BatchNorm,
        Relu,
        Residual {
            Conv2d(16, kernel = 3, padding = same),
            BatchNorm,
            Relu,
            Conv2d(16, kernel = 3, padding = same),
            BatchNorm,
        },
        Relu,
        Residual {
            {
                Conv2d(32, kernel = 3, stride = 2, padding = 1),
                BatchNorm,
                Relu,
                Conv2d(32, kernel = 3, padding = same),
                BatchNorm,
            },
            { Conv2d(32, kernel = 1, stride = 2) },
        },
        Relu,
        Residual {
            {
                Conv2d(64, kernel = 3, stride = 2, padding = 1),
                BatchNorm,
                Relu,
                Conv2d(64, kernel = 3, padding = same),
                BatchNorm,
            },
            { Conv2d(64, kernel = 1, stride = 2) },
        },
        Relu,
        GlobalAvgPool,
        Dense(10),
    }
}

fnn::network! {
    /// W9.
    pub(crate) struct Pictures: [3, 32, 32] -> [10] {
        Conv2d(32, kernel = 3, padding = same),
        Relu,
        Conv2d(32, kernel = 3, padding = same),
        Relu,
        MaxPool2d(2),
        Conv2d(64, kernel = 3, padding = same),
        Relu,
        Conv2d(64, kernel = 3, padding = same),
        Relu,
        MaxPool2d(2),
        Flatten,
        Dense(128),
        Relu,
        Dense(10),
    }
}

fnn::network! {
    /// W10: an autoencoder, anomaly detection in the sound of machines.
    pub(crate) struct Autoencoder: [640] -> [640] {
        Dense(128), BatchNorm, Relu,
        Dense(128), BatchNorm, Relu,
        Dense(128), BatchNorm, Relu,
        Dense(128), BatchNorm, Relu,
        Dense(8), BatchNorm, Relu,
        Dense(128), BatchNorm, Relu,
        Dense(128), BatchNorm, Relu,
        Dense(128), BatchNorm, Relu,
        Dense(128), BatchNorm, Relu,
        Dense(640),
    }
}
