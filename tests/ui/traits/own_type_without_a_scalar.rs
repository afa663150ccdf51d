use fnn::{Layer, Parameters, layers::{Gradient, Pass, Recorded}, simd::Simd, weights::Layout};

#[repr(C)]
struct Double;

unsafe impl Parameters for Double {
    type Scalar = f32;

    const LAYOUT: Layout = Layout::NOTHING;
}

impl Layer for Double {
    type Input = [f32; 128];
    type Output = [f32; 128];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;
    const KIND: &'static str = "Double";
    const MACS: u64 = 128;

    fn forward_batch<V: Simd, const B: usize>(&self, _: V, _: &[[f32; 128]], _: &mut [[f32; 128]], (): &mut ()) {}

    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        _: Recorded<'_, Self, B>,
        _: &mut [[f32; 128]],
        _: Gradient<'_, Self>,
        _: Option<&mut [[f32; 128]]>,
        (): &mut (),
    ) {
    }
}

fnn::network! {
    struct Digits: [784] -> [10] {
        hidden: Dense(128),
        double: Double,
        logits: Dense(10),
    }
}

fn main() {
    let _ = Digits::seeded(1).forward(&[0.0; 784]);
}
