//! A chunk of samples: forward, loss, backward.

use super::course::Course;
use crate::data::{MiniBatch, gathered};
use crate::kernels::{Simd, Start};
use crate::layer::deferral::defers;
use crate::layer::{Chance, Deferral, Factors, Layer, Pass, Recorded};
use crate::losses::Loss;
use crate::pod::{Aligned, AlignedNumbers, zero_bytes_box};
use crate::rows::Rows;
use crate::scalar::Scalar;
use crate::shape::{first, first_mut};
use crate::train::gradient_buffers::{Arrays, Tally};

/// The gradient that chunks of samples add to, one after the other.
pub(super) struct Accumulator<S> {
    /// Which chunk of a round it gets.
    pub(super) index: usize,
    /// The sum of the accumulated gradients.
    pub(super) gradient: Box<[S]>,
    /// That of the last chunk.
    pub(super) tally: Tally<S>,
}

/// The memory of a chunk of up to `B` samples, with what the last one left for the gradients that are computed later.
pub(super) struct Chunk<N: Layer, T, const B: usize> {
    memory: Box<Buffers<N, B>>,
    record: AlignedNumbers<N::Scalar>,
    /// The samples, gathered from their shuffled positions, unless the network reads them where they lie.
    inputs: Vec<N::Input>,
    targets: Vec<T>,
}

/// Room for the largest chunk, also where chunks are smaller: a size is a constant. Each array of numbers in it begins with a cache
/// line, as `B` of them fill some.
type Buffers<N, const B: usize> = Aligned<Arrays<N, B>>;

impl<S: Scalar> Accumulator<S> {
    /// For chunk number `index` of a round, with an accumulated gradient of this many numbers.
    pub(super) fn new(index: usize, numbers: usize) -> Self {
        Self { index, gradient: vec![S::ZERO; numbers].into_boxed_slice(), tally: Tally::default() }
    }

    /// The bytes of heap that the gradient takes.
    pub(super) const fn gradient_bytes(numbers: usize) -> usize {
        numbers * size_of::<S>()
    }
}

impl<N: Layer, T, const B: usize> Chunk<N, T, B> {
    /// The bytes that it takes, with those on the heap, but without the samples.
    pub(super) const TAPE: usize =
        size_of::<Self>() + size_of::<Buffers<N, B>>() + AlignedNumbers::<N::Scalar>::bytes(B * N::RECORDED);
    /// The bytes of heap that samples take.
    pub(super) const SAMPLES: usize = Self::INPUTS * size_of::<N::Input>() + B * size_of::<T>();
    /// How many samples are gathered.
    const INPUTS: usize = if N::READS_ROWS { 0 } else { B };

    pub(super) fn new() -> Self {
        Self {
            // SAFETY: all fields are `Pod`, of which zero bytes are values.
            memory: unsafe { zero_bytes_box() },
            record: AlignedNumbers::zeros(B * N::RECORDED),
            inputs: Vec::with_capacity(Self::INPUTS),
            targets: Vec::with_capacity(B),
        }
    }
}

impl<N: Layer, T: Copy, const B: usize> Chunk<N, T, B> {
    /// Add the gradient of the summed losses of some samples to an accumulator, or overwrite what it has.
    #[inline(always)]
    pub(super) fn add_to<V: Simd, F: Loss<N::Output, T>, O>(
        &mut self,
        accumulator: &mut Accumulator<N::Scalar>,
        simd: V,
        network: &N,
        course: &Course<'_, F, O>,
        samples: MiniBatch<'_, N::Input, T>,
        start: Start,
    ) {
        let Self { memory, record, inputs, targets } = self;
        let memory = &mut memory.0;
        let rows = samples.inputs();
        let inputs = if N::READS_ROWS { rows } else { Rows::in_order(gathered(rows, inputs)) };
        let targets = gathered(samples.targets(), targets);
        let pass = Pass::new(simd, Chance { seed: course.seed, samples: samples.numbers(), first: 0 });
        let (outputs, output_gradients) = (
            first_mut(&mut memory.outputs, inputs.len()), //
            first_mut(&mut memory.output_gradients, inputs.len()),
        );

        network.forward_rows(pass, inputs, outputs, &mut memory.tape, &mut memory.workspace);

        let mut tally = Tally::default();
        course.loss.gradients(outputs, targets, output_gradients, |term, correct| tally.count(term, correct));
        accumulator.tally = tally;

        let recorded = Recorded { inputs: inputs.samples().unwrap_or_default(), outputs, tape: &memory.tape };
        let deferral = Deferral::new(&mut accumulator.gradient, start, record.get_mut());
        if const { defers::<N>() } {
            network.backward_deferring(pass, recorded, output_gradients, deferral, None, &mut memory.workspace);
        } else if let Some(gradient) = deferral.gradient() {
            // Here the place of each layer's gradient is a constant.
            network.backward(pass, recorded, output_gradients, gradient, None, &mut memory.workspace);
        }
    }
}

impl<N: Layer, T, const B: usize> Chunk<N, T, B> {
    /// What the gradient of the deferred weights from index `start` on is computed from, for the samples that were added
    /// last.
    pub(super) fn factors<'a>(
        &'a self,
        samples: MiniBatch<'a, N::Input, T>,
        network: &N,
        start: usize,
    ) -> Option<Factors<'a, N::Scalar>> {
        let rows = samples.inputs();
        let inputs = if N::READS_ROWS { rows } else { Rows::in_order(rows.samples().unwrap_or(&self.inputs)) };
        let (memory, count) = (&self.memory.0, samples.len());
        let (in_order, outputs) = (inputs.samples().unwrap_or_default(), first(&memory.outputs, count));
        let recorded = Recorded { inputs: in_order, outputs, tape: &memory.tape };
        network.deferred(inputs, recorded, first(&memory.output_gradients, count), self.record.get(), start)
    }
}
