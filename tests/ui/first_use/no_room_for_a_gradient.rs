use fnn::Parameters;
use fnn::layers::{Dense, Gradient, Pass, Recorded};
use fnn::losses::MeanSquaredError;
use fnn::macro_support::{Descent, descend};
use fnn::optimizers::{Optimizer, Sgd};
use fnn::simd::Simd;
use fnn::train::{InPlaceBuffers, TrainInPlace};
use fnn::{Layer, Scalar};

#[derive(Parameters)]
#[repr(C)]
struct Own<S: Scalar = f32> {
    dense: Dense<2, 1, S>,
}

impl<S: Scalar> Layer for Own<S> {
    type Input = [S; 2];
    type Output = [S; 1];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Own";
    const MACS: u64 = 2;

    fn forward_batch<V: Simd, const B: usize>(&self, simd: V, x: &[[S; 2]], y: &mut [[S; 1]], (): &mut ()) {
        self.dense.forward_batch::<V, B>(simd, x, y, &mut ());
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[S; 1]],
        _: Gradient<'_, Self>,
        _: Option<&mut [[S; 2]]>,
        (): &mut (),
    ) {
    }
}

impl<S: Scalar> TrainInPlace for Own<S> {
    type LayerGradient = ();

    fn train_in_place<V: Simd, O: Optimizer<SLOTS>, const SLOTS: usize, const B: usize>(
        &mut self,
        pass: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[S; 1]],
        descent: Descent<'_, O, S, ()>,
        slots: [&mut Self; SLOTS],
        workspace: &mut (),
    ) {
        descend(self, pass, recorded, output_gradients, (descent, slots), None, workspace);
    }
}

fn main() {
    let (mut own, mut buffers) = (Own::<f32>::zeroed(), InPlaceBuffers::<Own, 1>::new());
    buffers.train(&mut own, &MeanSquaredError, &Sgd::new(0.1), &[[1.0, 2.0]], &[[3.0]]);
}
