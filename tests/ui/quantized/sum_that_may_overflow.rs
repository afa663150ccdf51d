fnn::network! {
    #[quantizable]
    struct Wide: [40_000] -> [2] {
        scores: Dense(2),
    }
}

fnn::network! {
    #[quantizable]
    struct Deep: [9000, 8] -> [4, 4] {
        Conv1d(4, kernel = 5),
    }
}

fn main() {
    println!("{}", fnn::Quantized::<Wide>::FLASH);
}
