//! What `network!` can say, and what it makes of it.

#![allow(dead_code)]

fnn::network! {
    /// Reads digits.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Digits: [784] -> [10] {
        /// The only hidden layer.
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! { struct Small: [2] { a: Dense(3, bias = false), Tanh, Dropout(0.5), Dense(3), LeakyRelu(0.1), Gelu, Gelu(tanh), Softmax } }

const UNITS: usize = 6;
fnn::network! {
    #[derive(Clone, Debug)]
    pub(crate) struct Deep: [2, 3, 2 * UNITS] -> [UNITS / 2] {
        Flatten,
        first: Dense(2 * UNITS, init = HeUniform),
        Elu(0.5),
        skip: Residual { fc1: Dense(7), Silu, fc2: Dense(UNITS * 2), },
        Residual { inner: Residual { Dense(12), }, Tanh },
        small: Embedded,
        scale: own::Scale<3>,
        out: Dense(3, init = Constant(0.5)),
    }
}
fnn::network! { #[derive(Clone, Debug)] struct Embedded: [12] -> [3] { Dense(3), Sigmoid } }

fnn::network! { struct Wide<const HIDDEN: usize>: [4] -> [2] { hidden: Dense(HIDDEN), Relu, Residual { Dense(HIDDEN) }, out: Dense(2) } }

mod own {
    use fnn::{Layer, Parameters, Pass, Recorded, Scalar, Simd};

    #[derive(Clone, Debug, Parameters)]
    #[repr(C)]
    pub(crate) struct Scale<const N: usize, S: Scalar = f32> {
        pub(crate) gain: [S; N],
    }

    impl<const N: usize, S: Scalar> Layer for Scale<N, S> {
        type Input = [S; N];
        type Output = [S; N];
        type Tape<const B: usize> = ();
        type Workspace<const B: usize> = ();
        const KIND: &'static str = "Scale";
        const MACS: usize = N;

        fn forward_batch<V: Simd, const B: usize>(&self, _: V, inputs: &[[S; N]], outputs: &mut [[S; N]], (): &mut ()) {
            for (y, x) in outputs.iter_mut().zip(inputs) {
                for ((y, &x), &gain) in y.iter_mut().zip(x).zip(&self.gain) {
                    *y = x * gain;
                }
            }
        }

        fn backward<V: Simd, const B: usize>(
            &self,
            _: Pass<'_, V>,
            recorded: Recorded<'_, Self, B>,
            output_gradients: &mut [[S; N]],
            gradient: &mut Self,
            input_gradients: Option<&mut [[S; N]]>,
            (): &mut (),
        ) {
            for (g, x) in output_gradients.iter().zip(recorded.inputs) {
                for ((&g, &x), gain) in g.iter().zip(x).zip(&mut gradient.gain) {
                    *gain += g * x;
                }
            }
            for (dx, g) in input_gradients.into_iter().flatten().zip(output_gradients) {
                for ((dx, &g), &gain) in dx.iter_mut().zip(g.iter()).zip(&self.gain) {
                    *dx = g * gain;
                }
            }
        }
    }
}

#[test]
fn constants_count_what_is_there() {
    assert_eq!(Digits::PARAMETERS, 784 * 128 + 128 + 128 * 10 + 10);
    assert_eq!(Digits::MACS, 784 * 128 + 128 * 10);
    assert_eq!(Digits::WEIGHT_BYTES, 4 * Digits::PARAMETERS);
    assert_eq!(Digits::TAPE_BYTES, 4 * 128);
    println!("{}", Digits::summary());
    println!("{}", Deep::summary());
    let _ = Small::seeded(1).forward(&[1.0, 2.0]);
    println!("{:?}", Wide::<5>::seeded(1).forward(&[1.0, 2.0, 3.0, 4.0]));
    println!("{:?}", Deep::seeded(1).forward(&[[[1.0; 12]; 3]; 2]));
}
