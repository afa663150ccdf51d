//! `#[cfg(…)]` on networks and layers, both true and false.

fnn::network! {
    struct Conditional: [4] -> [2] {
        #[cfg(any())]
        Nonsense(1, 2, three),
        #[cfg(all())]
        /// Documented.
        hidden: Dense(3),
        /// Documented.
        #[cfg(any())]
        hidden: Dense(30),
        #[cfg(all())]
        #[cfg(not(any()))]
        #[allow(missing_docs)]
        Relu,
        #[cfg_attr(all(), doc = "An attribute by condition.")]
        skip: Residual {
            #[cfg(any())]
            Dense(7),
            #[cfg(all())]
            Dense(5),
            Residual { #[cfg(any())] Dense(1), inner: Dense(5), #[cfg(any())] Dense(2) },
            Dense(3),
        },
        Concat { { #[cfg(any())] Dense(2), #[cfg(all())] Dense(4) }, { #[cfg(any())] Dense(3) } },
        out: Dense(2),
        #[cfg(any())]
        Softmax,
    }
}

/// A layer whose condition is false doesn't exist: the shapes that follow are those without it.
#[test]
fn conditions_leave_layers_in_or_out() {
    let mut names = Vec::new();
    Conditional::<f32>::zeroed().for_each(&mut |name, shape, _| names.push(format!("{name} {shape}")));
    assert_eq!(
        names,
        [
            "hidden.weight [4, 3]",
            "hidden.bias [3]",
            "skip.dense_1.weight [3, 5]",
            "skip.dense_1.bias [5]",
            "skip.residual_1.inner.weight [5, 5]",
            "skip.residual_1.inner.bias [5]",
            "skip.dense_2.weight [5, 3]",
            "skip.dense_2.bias [3]",
            "concat_1.first.dense_1.weight [3, 4]",
            "concat_1.first.dense_1.bias [4]",
            "out.weight [7, 2]",
            "out.bias [2]",
        ]
    );
}

fnn::network! {
    /// One of two networks with the same name.
    #[cfg(all())]
    #[derive(Debug)]
    struct Either: [2] -> [1] { Dense(1) }
}

fnn::network! {
    #[derive(Debug)]
    #[cfg(any())]
    struct Either: [2] -> [5] { #[cfg(all())] Dense(5) }
}

#[test]
fn conditions_leave_networks_in_or_out() {
    assert_eq!(Either::PARAMETERS, 3);
}

fnn::network! {
    struct Generic<const N: usize>: [N] -> [N] { #[cfg(all())] Dense(N), #[cfg(any())] Dense(2 * N) }
}

#[test]
fn conditions_and_const_parameters_go_together() {
    assert_eq!(Generic::<3>::PARAMETERS, 12);
}

#[test]
fn conditions_hold_in_functions() {
    fnn::network! { struct Local: [2] { #[cfg(any())] Dense(9), #[cfg(all())] Dense(1) } }
    assert_eq!(Local::PARAMETERS, 3);
}
