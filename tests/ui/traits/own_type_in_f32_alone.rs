use fnn::{Layer, Parameters, Scalar, layers::{Gradient, Pass, Recorded}, simd::Simd};

#[derive(Parameters)]
#[repr(C)]
struct Scale<const SIZE: usize, S: Scalar = f32> {
    gain: [S; SIZE],
}

impl<const SIZE: usize> Layer for Scale<SIZE, f32> {
    type Input = [f32; SIZE];
    type Output = [f32; SIZE];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
    const KIND: &'static str = "Scale";
    const MACS: u64 = SIZE as u64;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, _: &[[f32; SIZE]], _: &mut [[f32; SIZE]], (): &mut ()) {}

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[f32; SIZE]],
        _: Gradient<'_, Self>,
        _: Option<&mut [[f32; SIZE]]>,
        (): &mut (),
    ) {
    }
}

fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(128),
        scale: Scale<128>,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
