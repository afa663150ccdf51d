//! Instruction sets agree on whole networks up to rounding, within the bound stated in [`crate::kernels`].

#![allow(unreachable_pub, reason = "what `network!` makes has public methods")]

use super::everywhere;
use crate::kernels::{Operation, Simd};
use crate::layer::Layer;
use crate::network::Network;
use crate::pod::{zeroed, zeroed_box};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::Sample;

crate::network! {
    struct Deep: [97] -> [11] {
        Dense(61),
        Relu,
        Dense(33),
        Relu,
        Dense(11),
    }
}

crate::network! {
    struct LeNet: [1, 28, 28] -> [10] {
        Conv2d(6, kernel = 5),
        Relu,
        MaxPool2d(2),
        Conv2d(16, kernel = 5, stride = (1, 2), padding = (0, 1)),
        Relu,
        AvgPool2d(2),
        Flatten,
        Dense(84),
        Relu,
        Dense(10),
    }
}

/// Inference on a few samples.
struct RunInference<'a, N: Layer>(&'a N, &'a [N::Input]);

impl<N: Layer> Clone for RunInference<'_, N> {
    fn clone(&self) -> Self {
        Self(self.0, self.1)
    }
}

impl<N: Layer> Operation for RunInference<'_, N> {
    type Output = Vec<N::Output>;

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) -> Vec<N::Output> {
        let mut outputs = vec![zeroed::<N::Output>(); self.1.len()];
        self.0.forward_batch::<V, 8>(simd, self.1, &mut outputs, &mut zeroed_box::<N::Workspace<8>>());
        outputs
    }
}

/// Rounding errors are relative to the same network on the absolute values of weights and inputs: the error of a sum of
/// k products is at most (k + 2)·ε times the sum of their absolute values; pools and `Relu` add none.
///
/// `terms` is the sum of k over all layers.
fn assert_agreement<S, N, A>(terms: usize)
where
    S: Scalar,
    N: Network<Scalar = S, Input: Sample<Element = S>>,
    A: Network<Scalar = f64, Input: Sample<Element = f64>>,
{
    let mut random = Random::new(3);
    let network = N::boxed(1);
    let mut inputs = vec![zeroed::<N::Input>(); 5];
    N::Input::flat_mut(&mut inputs).fill_with(|| S::from_f64(2.0 * random.uniform() - 1.0));

    let mut absolute = A::zeroed_box();
    for (absolute, weight) in absolute.parameters_mut().iter_mut().zip(network.parameters()) {
        *absolute = weight.to_f64().abs();
    }
    let mut magnitudes = vec![zeroed::<A::Input>(); inputs.len()];
    for (magnitude, input) in A::Input::flat_mut(&mut magnitudes).iter_mut().zip(N::Input::flat(&inputs)) {
        *magnitude = input.to_f64().abs();
    }
    let magnitudes = absolute.forward_all(&magnitudes);

    let epsilon = if size_of::<S>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let outputs = everywhere(&RunInference(&*network, &inputs));
    let flat = |outputs| <N::Output as Sample>::flat(outputs).iter().map(|output| output.to_f64()).collect::<Vec<_>>();
    let (first, plain) = (&outputs[0].0, flat(&outputs[0].1));
    for (simd, outputs) in &outputs {
        for ((one, other), magnitude) in flat(outputs).iter().zip(&plain).zip(A::Output::flat(&magnitudes)) {
            let bound = 2.0 * epsilon * terms as f64 * magnitude;
            assert!((one - other).abs() <= bound, "{simd} {one}, {first} {other}: more than {bound:e} apart");
        }
    }
}

#[test]
fn instruction_sets_agree() {
    let deep = (97 + 2) + (61 + 2) + (33 + 2);
    assert_agreement::<f32, Deep<f32>, Deep<f64>>(deep);
    assert_agreement::<f64, Deep<f64>, Deep<f64>>(deep);
    let le_net = (25 + 2) + (150 + 2) + (4 + 2) + (16 * 4 * 2 + 2) + (84 + 2);
    assert_agreement::<f32, LeNet<f32>, LeNet<f64>>(le_net);
    assert_agreement::<f64, LeNet<f64>, LeNet<f64>>(le_net);
}
