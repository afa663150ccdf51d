//! A chunk of samples: forward, loss, backward.

use super::chunk_size::LARGE_CHUNK;
use super::step::Course;
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

/// The gradient that chunks of samples add to, one after the other, and what the last of them left for the gradients
/// that are computed later.
pub(super) struct Accumulator<N: Layer, T> {
    /// Which chunk of a round it gets.
    pub(super) index: usize,
    /// The sum of the accumulated gradients.
    pub(super) gradient: Box<[N::Scalar]>,
    pub(super) tally: Tally<N::Scalar>,
    pub(super) chunk: Chunk<N, T>,
}

/// The memory of a chunk.
pub(super) struct Chunk<N: Layer, T> {
    memory: Box<Buffers<N>>,
    record: AlignedNumbers<N::Scalar>,
    /// The samples, gathered from their shuffled positions, unless the network reads them where they lie.
    inputs: Vec<N::Input>,
    targets: Vec<T>,
}

/// Room for the largest chunk, also where chunks are smaller: a size is a constant. Each array in it begins with a cache line, as there
/// are [`LARGE_CHUNK`] of each number.
type Buffers<N> = Aligned<Arrays<N, LARGE_CHUNK>>;

impl<N: Layer, T> Accumulator<N, T> {
    /// The bytes of heap that an accumulated gradient takes.
    pub(super) const GRADIENT: usize = N::ACCUMULATED * size_of::<N::Scalar>();
    /// The bytes of heap that buffers and the record take.
    pub(super) const TAPE: usize =
        size_of::<Buffers<N>>() + AlignedNumbers::<N::Scalar>::bytes(LARGE_CHUNK * N::RECORDED);
    /// The bytes of heap that samples take.
    pub(super) const SAMPLES: usize = Self::INPUTS * size_of::<N::Input>() + LARGE_CHUNK * size_of::<T>();
    /// How many samples are gathered.
    const INPUTS: usize = if N::READS_ROWS { 0 } else { LARGE_CHUNK };

    pub(super) fn new(index: usize) -> Self {
        let zeros = |count| vec![N::Scalar::ZERO; count].into_boxed_slice();
        let chunk = Chunk {
            // SAFETY: all fields are `Pod`, of which zero bytes are values.
            memory: unsafe { zero_bytes_box() },
            record: AlignedNumbers::zeros(LARGE_CHUNK * N::RECORDED),
            inputs: Vec::with_capacity(Self::INPUTS),
            targets: Vec::with_capacity(LARGE_CHUNK),
        };
        Self { index, gradient: zeros(N::ACCUMULATED), tally: Tally::default(), chunk }
    }
}

impl<N: Layer, T: Copy> Accumulator<N, T> {
    /// Add the gradient of the summed losses of a chunk, or overwrite what there is.
    #[inline(always)]
    pub(super) fn add<V: Simd, F: Loss<N::Output, T>, O>(
        &mut self,
        simd: V,
        network: &N,
        course: &Course<'_, F, O>,
        samples: MiniBatch<'_, N::Input, T>,
        start: Start,
    ) {
        let Chunk { memory, record, inputs, targets } = &mut self.chunk;
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
        self.tally = tally;

        let recorded = Recorded { inputs: inputs.samples().unwrap_or_default(), outputs, tape: &memory.tape };
        let deferral = Deferral::new(&mut self.gradient, start, record.get_mut());
        if defers::<N>() {
            network.backward_deferring(pass, recorded, output_gradients, deferral, None, &mut memory.workspace);
        } else if let Some(gradient) = deferral.gradient() {
            // Here the place of each layer's gradient is a constant.
            network.backward(pass, recorded, output_gradients, gradient, None, &mut memory.workspace);
        }
    }
}

impl<N: Layer, T> Chunk<N, T> {
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
