fnn::network! {
    struct Digits: [2] {
        Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { 
            inner: Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Residual { Dense(2) } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } },
        } } } } } } } } } } } } } } } },
    }
}

fn main() {}
