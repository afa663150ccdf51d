//! The five reference networks of MLPerf Tiny v1.3 (<https://github.com/mlcommons/tiny>), up to their logits.
//!
//! Batch norms are folded into the convolutions, as in the files of the benchmark.

#![no_std]
#![warn(missing_docs)]

fnn::network! {
    /// Keyword spotting: DS-CNN (Zhang and others, "Hello Edge", 2017) on 49 frames of 10 MFCCs, 12 words.
    #[quantizable]
    pub struct DsCnn: [1, 49, 10] -> [12] {
        conv: Conv2d(64, kernel = (10, 4), stride = 2, padding = same),
        Relu,
        depthwise1: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise1: Conv2d(64, kernel = 1),
        Relu,
        depthwise2: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise2: Conv2d(64, kernel = 1),
        Relu,
        depthwise3: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise3: Conv2d(64, kernel = 1),
        Relu,
        depthwise4: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise4: Conv2d(64, kernel = 1),
        Relu,
        GlobalAvgPool,
        logits: Dense(12),
    }
}

fnn::network! {
    /// Image classification: ResNet-8 (He and others, CVPR 2016, with one block per stack) on CIFAR-10.
    #[quantizable]
    pub struct ResNet8: [3, 32, 32] -> [10] {
        conv: Conv2d(16, kernel = 3, padding = same),
        Relu,
        stack1: Residual {
            conv1: Conv2d(16, kernel = 3, padding = same),
            Relu,
            conv2: Conv2d(16, kernel = 3, padding = same),
        },
        Relu,
        stack2: Residual {
            {
                conv1: Conv2d(32, kernel = 3, stride = 2, padding = same),
                Relu,
                conv2: Conv2d(32, kernel = 3, padding = same),
            },
            { conv: Conv2d(32, kernel = 1, stride = 2) },
        },
        Relu,
        stack3: Residual {
            {
                conv1: Conv2d(64, kernel = 3, stride = 2, padding = same),
                Relu,
                conv2: Conv2d(64, kernel = 3, padding = same),
            },
            { conv: Conv2d(64, kernel = 1, stride = 2) },
        },
        Relu,
        GlobalAvgPool,
        logits: Dense(10),
    }
}

fnn::network! {
    /// Visual wake words: MobileNet v1 of width 0.25 (Howard and others, 2017) on 96×96 pixels, person or not.
    #[quantizable]
    pub struct MobileNet: [3, 96, 96] -> [2] {
        conv: Conv2d(8, kernel = 3, stride = 2, padding = same),
        Relu,
        depthwise1: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise1: Conv2d(16, kernel = 1),
        Relu,
        depthwise2: DepthwiseConv2d(kernel = 3, stride = 2, padding = same),
        Relu,
        pointwise2: Conv2d(32, kernel = 1),
        Relu,
        depthwise3: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise3: Conv2d(32, kernel = 1),
        Relu,
        depthwise4: DepthwiseConv2d(kernel = 3, stride = 2, padding = same),
        Relu,
        pointwise4: Conv2d(64, kernel = 1),
        Relu,
        depthwise5: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise5: Conv2d(64, kernel = 1),
        Relu,
        depthwise6: DepthwiseConv2d(kernel = 3, stride = 2, padding = same),
        Relu,
        pointwise6: Conv2d(128, kernel = 1),
        Relu,
        depthwise7: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise7: Conv2d(128, kernel = 1),
        Relu,
        depthwise8: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise8: Conv2d(128, kernel = 1),
        Relu,
        depthwise9: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise9: Conv2d(128, kernel = 1),
        Relu,
        depthwise10: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise10: Conv2d(128, kernel = 1),
        Relu,
        depthwise11: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise11: Conv2d(128, kernel = 1),
        Relu,
        depthwise12: DepthwiseConv2d(kernel = 3, stride = 2, padding = same),
        Relu,
        pointwise12: Conv2d(256, kernel = 1),
        Relu,
        depthwise13: DepthwiseConv2d(kernel = 3, padding = same),
        Relu,
        pointwise13: Conv2d(256, kernel = 1),
        Relu,
        GlobalAvgPool,
        logits: Dense(2),
    }
}

fnn::network! {
    /// Anomaly detection: an autoencoder on 5 frames of 128 mel bands (Koizumi and others, 2020).
    #[quantizable]
    pub struct AutoEncoder: [640] -> [640] {
        encoder1: Dense(128),
        Relu,
        encoder2: Dense(128),
        Relu,
        encoder3: Dense(128),
        Relu,
        encoder4: Dense(128),
        Relu,
        code: Dense(8),
        Relu,
        decoder1: Dense(128),
        Relu,
        decoder2: Dense(128),
        Relu,
        decoder3: Dense(128),
        Relu,
        decoder4: Dense(128),
        Relu,
        reconstruction: Dense(640),
    }
}

fnn::network! {
    /// Streaming wake word: separable convolutions over 30 frames of 40 mel bands, three classes.
    #[quantizable]
    #[streaming]
    pub struct WakeWord: [40, 30] -> [3] {
        depthwise1: Conv1d(40, kernel = 3, groups = 40),
        pointwise1: Conv1d(128, kernel = 1),
        Relu,
        depthwise2: Conv1d(128, kernel = 5, groups = 128),
        pointwise2: Conv1d(128, kernel = 1),
        Relu,
        depthwise3: Conv1d(128, kernel = 10, groups = 128),
        pointwise3: Conv1d(128, kernel = 1),
        Relu,
        depthwise4: Conv1d(128, kernel = 15, groups = 128),
        pointwise4: Conv1d(32, kernel = 1),
        Relu,
        Flatten,
        logits: Dense(3),
    }
}

/// The reference models themselves, as they were imported: trained, in the integers of TensorFlow Lite, softmax included.
#[cfg(feature = "reference")]
#[allow(missing_docs, reason = "a declaration without words about the network")]
pub mod reference {
    include!("../weights/reference/ds_cnn.rs");
    include!("../weights/reference/res_net8.rs");
    include!("../weights/reference/mobile_net.rs");
    include!("../weights/reference/auto_encoder.rs");
    include!("../weights/reference/wake_word.rs");
}

/// Not of the benchmark: a network that other libraries are compared on, too.
pub use fnn_firmware::LeNet;

fnn::network! {
    /// Not of the benchmark: shapes that leave a rest everywhere, to compare processors bit for bit.
    #[quantizable]
    pub struct Tails: [3, 13, 11] -> [6] {
        conv1: Conv2d(5, kernel = (3, 2), padding = ((1, 0), (0, 2))),
        Relu,
        depthwise1: DepthwiseConv2d(kernel = 3, stride = 2, padding = same),
        pointwise1: Conv2d(7, kernel = 1),
        Relu,
        conv2: Conv2d(6, kernel = 3, padding = 2, dilation = 2),
        pointwise2: Conv2d(9, kernel = 1, groups = 3),
        Relu,
        depthwise2: DepthwiseConv2d(kernel = 3, padding = ((2, 0), (1, 2))),
        conv3: Conv2d(8, kernel = (1, 3), stride = (1, 3)),
        depthwise3: DepthwiseConv2d(kernel = 2, stride = 1, padding = same),
        conv4: Conv2d(33, kernel = (2, 1), stride = 2),
        Relu,
        Flatten,
        dense: Dense(13),
        Relu,
        logits: Dense(6),
    }
}
