fnn::network! {
    struct Text: [32, 16] -> [2] {
        lstm: LSTM(16),
        MultiHeadAttention(4),
        ConvTranspose2d(3, kernel = 2),
        Dense(2),
    }
}

fn main() {}
