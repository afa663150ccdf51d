//! The errors of a quantized network, activation by activation.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::calibration::Seen;
use super::conversion::{BLOCK, observe_block};
use super::{Native, Observer, Quantization, Quantize, Quantized, QuantizedLayer, Signal};
use crate::network::Network;
use crate::pod::{zeroed, zeroed_box};
use crate::shape::{Sample, Shape};

/// The differences between a quantized network and its float network, on the samples of the calibration.
///
/// It prints as a table. [`Quantize::quantize_and_report`] returns one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuantizationReport {
    /// The input, and the output of each layer with a range of its own, in the order of computation.
    pub activations: Vec<ActivationReport>,
}

/// The errors of one layer's outputs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActivationReport {
    /// The layer's name, after those of the enclosing blocks and networks.
    pub name: String,
    /// The layer's kind, as in the network's [`graph`](crate::Network::graph); empty for the input.
    pub kind: &'static str,
    /// The shape of its outputs.
    pub output: Shape,
    /// The quantization of its integers.
    pub quantization: Quantization,
    /// The smallest value in the float network, or 0.
    pub low: f32,
    /// The largest value in the float network, or 0.
    pub high: f32,
    /// The signal-to-noise ratio in decibels: the float network's sum of squares over the sum of squared errors; infinite
    /// without errors.
    pub signal_to_noise: f64,
    /// The share of the float network's values outside the range of the integers.
    pub saturated: f64,
    /// The largest error.
    pub largest_error: f64,
    /// An upper bound of the error, computed from weights and ranges: rounded weights, biases and activations, and
    /// saturation, each at its worst in all layers so far.
    pub worst_case: f64,
}

impl fmt::Display for QuantizationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |text: fn(&ActivationReport) -> &str| self.activations.iter().map(|one| text(one).len()).max();
        let width = widest(|activation| &activation.name).unwrap_or(0).max(10);
        let of_kind = widest(|activation| activation.kind).unwrap_or(0).max(4);
        write!(
            f,
            "{:width$}  {:of_kind$}  {:>22}  {:>9}  {:>9}",
            "activation", "kind", "range", "SNR, dB", "saturated"
        )?;
        write!(f, "  {:>10}  {:>10}", "error", "worst case")?;
        for activation in &self.activations {
            let ActivationReport {
                name,
                kind,
                quantization,
                signal_to_noise,
                saturated,
                largest_error,
                worst_case,
                ..
            } = activation;
            let (low, high) = quantization.range();
            write!(
                f,
                "\n{name:width$}  {kind:of_kind$}  {low:>10.3e}, {high:>10.3e}  {signal_to_noise:>9.1}  {:>7.3} %",
                100.0 * saturated
            )?;
            write!(f, "  {largest_error:>10.3e}  {worst_case:>10.3e}")?;
        }
        Ok(())
    }
}

/// Running sums of the comparison.
#[derive(Clone, Default)]
struct Errors {
    signal: f64,
    noise: f64,
    count: usize,
    saturated: usize,
    largest: f64,
}

impl Errors {
    /// In decibels; infinite without errors, where nothing but 0 was observed, too.
    fn signal_to_noise(&self) -> f64 {
        if self.noise > 0.0 { 10.0 * libm::log10(self.signal / self.noise) } else { f64::INFINITY }
    }

    fn compare(&mut self, quantization: Quantization, integers: &[i8], numbers: &[f32]) {
        let (low, high) = quantization.range();
        let half = quantization.scale / 2.0;
        for (&integer, &number) in integers.iter().zip(numbers) {
            let error = f64::from(quantization.dequantize(integer)) - f64::from(number);
            self.signal += f64::from(number) * f64::from(number);
            self.noise += error * error;
            self.count += 1;
            self.saturated += usize::from(number < low - half || number > high + half);
            self.largest = self.largest.max(error.abs());
        }
    }
}

/// Runs both networks, and compares their activations.
pub(super) fn report<N: Quantize>(
    network: &N,
    quantized: &Quantized<N>,
    samples: &[N::Input],
    (seen, signals): (Vec<Seen>, &[Signal]),
) -> QuantizationReport {
    let mut errors = alloc::vec![Errors::default(); signals.len()];
    let mut workspace = zeroed_box::<<N::Quantized<Native> as QuantizedLayer>::Workspace>();
    for block in samples.chunks(BLOCK) {
        let mut observer = Observer::keeping();
        observe_block(network, block, &mut observer);
        let kept = observer.into_kept();
        for (number, sample) in block.iter().enumerate() {
            let mut pairs = errors.iter_mut().zip(signals).zip(&kept);
            let mut compare = |integers: &[i8]| {
                if let Some(((errors, signal), numbers)) = pairs.next() {
                    let start = number * integers.len();
                    let numbers = numbers.get(start..start + integers.len()).unwrap_or_default();
                    errors.compare(signal.quantization, integers, numbers);
                }
            };
            let mut input = zeroed::<<N::Quantized<Native> as QuantizedLayer>::Input>();
            let mut output = zeroed::<<N::Quantized<Native> as QuantizedLayer>::Output>();
            let numbers = sample.elements().iter();
            for (integer, &number) in input.elements_mut().iter_mut().zip(numbers) {
                *integer = quantized.input.quantize(number);
            }
            compare(input.elements());
            quantized.layers.forward(&input, &mut output, &mut workspace, &mut compare);
            if N::RANGED {
                compare(output.elements());
            }
        }
    }
    let graph = N::graph();
    let activations = seen.into_iter().zip(signals).zip(errors).enumerate().map(|(index, ((seen, signal), errors))| {
        let (kind, output) = match graph.find(&seen.name) {
            _ if index == 0 => ("", graph.input),
            Some(node) => (node.kind, node.output),
            None => (graph.kind, graph.output),
        };
        ActivationReport {
            name: seen.name,
            kind,
            output,
            quantization: signal.quantization,
            low: seen.low,
            high: seen.high,
            signal_to_noise: errors.signal_to_noise(),
            saturated: errors.saturated as f64 / errors.count.max(1) as f64,
            largest_error: errors.largest,
            worst_case: signal.error,
        }
    });
    QuantizationReport { activations: activations.collect() }
}
