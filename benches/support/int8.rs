//! Networks in 8 bits.

use fnn::layers::zeroed;
use fnn::{Network, Quantized, Random, layers::Sample, quantized::Quantize};

fnn::network! {
    /// 784-128-10.
    #[quantizable]
    pub(crate) struct Digits: [784] -> [10] { Dense(128), Relu, Dense(10) }
}

fnn::network! {
    /// LeNet.
    #[quantizable]
    pub(crate) struct LeNet: [1, 28, 28] -> [10] {
        Conv2d(6, kernel = 5), Relu, MaxPool2d(2),
        Conv2d(16, kernel = 5), Relu, MaxPool2d(2),
        Flatten, Dense(120), Relu, Dense(84), Relu, Dense(10),
    }
}

fnn::network! {
    /// DS-CNN of MLPerf Tiny, its batch norms folded.
    #[quantizable]
    pub(crate) struct Keywords: [1, 49, 10] -> [12] {
        Conv2d(64, kernel = (10, 4), stride = 2, padding = (5, 1)), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        DepthwiseConv2d(kernel = 3, padding = same), Relu, Conv2d(64, kernel = 1), Relu,
        GlobalAvgPool, Dense(12),
    }
}

/// A network, quantized, and 256 samples.
pub(crate) fn quantized<N: Quantize + Network<Scalar = f32>>() -> (Box<Quantized<N>>, Vec<N::Input>) {
    let mut inputs = vec![zeroed::<N::Input>(); 256];
    let mut random = Random::new(7);
    N::Input::flat_mut(&mut inputs).iter_mut().for_each(|x| *x = random.uniform() as f32);
    let network = N::boxed(1);
    (network.quantize_boxed(&inputs, fnn::quantized::Calibration::MinMax).unwrap(), inputs)
}
