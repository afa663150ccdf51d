use fnn::layers::{Gradient, Pass, Recorded};
use fnn::quantized::{FakeWeights, RoundWeights};
use fnn::simd::Simd;
use fnn::{Layer, Network, Parameters, Scalar};

#[derive(Parameters)]
#[repr(C)]
struct Scale<S: Scalar = f32> {
    weight: [S; 2],
}

impl<S: Scalar> Layer for Scale<S> {
    type Input = [S; 2];
    type Output = [S; 2];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Scale";
    const MACS: u64 = 2;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, _: &[[S; 2]], outputs: &mut [[S; 2]], (): &mut ()) {
        outputs.fill(self.weight);
    }

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[S; 2]],
        _: Gradient<'_, Self>,
        _: Option<&mut [[S; 2]]>,
        (): &mut (),
    ) {
    }
}

impl RoundWeights for Scale {
    type Memory = (u32, u8);

    fn round_weights(&self, _: &mut Self) {}
}

fn main() {
    let layer = FakeWeights { layer: Scale { weight: [1.0, 2.0] } };
    println!("{:?}", layer.forward(&[0.0, 0.0]));
}
