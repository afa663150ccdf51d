//! Quantizing a float network: observe the activations, choose ranges, write integers.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::calibration::{NonFinite, Seen};
use super::{
    Calibration, CalibrationError, Native, Observer, Quantization, Quantize, Quantized, Range, Ranges, Signal,
};
use crate::layer::Layer;
use crate::network::Network;
use crate::pod::zeroed_box;
use crate::shape::{Sample, view};

/// The name of a network's input.
const INPUT: &str = "input";

/// Samples that are computed together.
pub(super) const BLOCK: usize = 64;

/// The ranges that `calibration` chooses on some samples, and what they are chosen from.
///
/// Activations are observed twice: for their extremes, and for the histograms between those.
pub(super) fn calibrate<N: Quantize>(
    network: &N,
    samples: &[N::Input],
    calibration: Calibration,
) -> Result<(Vec<Range>, Vec<Seen>), CalibrationError> {
    calibration.validate()?;
    if samples.is_empty() {
        return Err(CalibrationError::Empty);
    }
    if let Some(error) = CalibrationError::of_weights(network) {
        return Err(error);
    }
    let mut observer = Observer::default();
    for counting in [false, true] {
        if counting {
            observer.count();
        }
        for (number, block) in samples.chunks(BLOCK).enumerate() {
            observer.restart();
            observe_block(network, block, &mut observer);
            if let Some(NonFinite { layer, index, numbers, found }) = observer.take_non_finite() {
                let of_one = (numbers / block.len()).max(1);
                let (sample, element) = (number * BLOCK + index / of_one, index % of_one);
                return Err(CalibrationError::Sample { sample, layer, element, found });
            }
        }
    }
    let seen = observer.into_seen();
    Ok((seen.iter().map(|seen| seen.range(calibration)).collect(), seen))
}

/// Observes a network's activations.
pub(super) fn observe_block<N: Quantize>(network: &N, samples: &[N::Input], observer: &mut Observer) {
    observer.see(INPUT, Sample::flat(samples));
    let outputs = network.observe(samples, observer);
    if N::RANGED {
        observer.see(N::KIND, Sample::flat(&outputs));
    }
}

/// The quantized network for these ranges, and its activations.
pub(super) fn quantize<N: Quantize>(network: &N, ranges: &[Range]) -> (Box<Quantized<N>>, Vec<Signal>) {
    let mut quantized = zeroed_box::<Quantized<N>>();
    let mut ranges = Ranges::new(ranges);
    let range = ranges.take();
    let input = Signal::rounded(Quantization::of_range(range.low, range.high), range, 0.0);
    ranges.note(input);
    let output = network.quantize_into(&mut quantized.layers, input, &mut ranges);
    if N::RANGED {
        ranges.note(output);
    }
    quantized.input = input.quantization;
    quantized.output = output.quantization;
    (quantized, ranges.into_signals())
}

/// One layer of a network: its outputs, after its activation, are passed to `observer`.
pub fn observe_layer<L: Quantize, I: Sample<Element = f32>>(
    name: &'static str,
    layer: &L,
    activation: impl Activate<L::Output>,
    inputs: &[I],
    observer: &mut Observer,
) -> Vec<L::Output> {
    let outputs = observer.inside(name, |observer| layer.observe(view(inputs), observer));
    let outputs = activation.activate(outputs);
    if L::RANGED {
        observer.see(name, Sample::flat(&outputs));
    }
    outputs
}

/// One layer of a network that only moves numbers, or does nothing in inference.
pub fn pass_through<L: Layer<Scalar = f32, Input: Sample<Element = f32>>, I: Sample<Element = f32>>(
    layer: &L,
    inputs: &[I],
) -> Vec<L::Output> {
    layer.forward_all(view(inputs))
}

/// The outputs of the last layer as the network's outputs.
pub fn outputs<A: Sample<Element = f32>, B: Sample<Element = f32>>(outputs: &[A]) -> Vec<B> {
    view(outputs).to_vec()
}

/// Quantizes one layer of a network.
pub fn quantize_layer<L: Quantize>(
    layer: &L,
    quantized: &mut L::Quantized<Native>,
    input: Signal,
    ranges: &mut Ranges<'_>,
) -> Signal {
    let output = layer.quantize_into(quantized, input, ranges);
    if L::RANGED {
        ranges.note(output);
    }
    output
}

/// The activation after a layer, or `()`.
pub trait Activate<O> {
    /// Applies it.
    fn activate(self, outputs: Vec<O>) -> Vec<O>;
}

impl<O> Activate<O> for () {
    fn activate(self, outputs: Vec<O>) -> Vec<O> {
        outputs
    }
}

impl<O, L: Layer<Input = O, Output = O>> Activate<O> for &L {
    fn activate(self, outputs: Vec<O>) -> Vec<O> {
        self.forward_all(&outputs)
    }
}
