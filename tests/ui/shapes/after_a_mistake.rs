fnn::network! {
    struct Digits: [1, 28, 28] -> [10] {
        Conv3d(4, kernel = 3),
        MaxPool2d(40),
        Concat { { Identity }, { Conv2d(4, kernel = 50) } },
        Residual { { Dropout(0.5) }, { BatchNorm } },
        GlobalAvgPool,
        Flatten,
        Residual { Softmax },
        Upsample1d(3),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[[[0.0; 28]; 28]]);
}
