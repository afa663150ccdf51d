//! Convolutions along three axes: as ones along the last two, of a channel for each place along the first.

use crate::graph::{Operator, ValueId, Window};
use crate::onnx::lowering::{Lowered, Lowering};
use crate::tensor::{Numbers, Quantization, Tensor};

/// Said of a declaration with such a layer.
const NOTE: &str = "A convolution along three axes is one along two here, of a channel for each place along the first axis. The \
                    weights between places that don't see each other are 0, and training changes them, too.";

impl Lowering<'_> {
    /// A convolution of a volume `[channels, depth, rows, columns]`.
    pub(super) fn conv_of_volume(
        &mut self,
        value: ValueId,
        (weight, bias): (&Tensor, Option<&Tensor>),
        windows: &[Window],
        groups: usize,
    ) -> Lowered<ValueId> {
        let (&[_, depth, ..], [first, windows @ ..]) = (self.graph.shape(value), windows) else {
            return Err("its input isn't a volume".into());
        };
        let positions = first.positions(depth).ok_or_else(|| format!("{first:?} doesn't fit into {depth}"))?;
        let outputs = weight.shape[0];
        let weight = self.banded(weight, (positions, depth), |position, place| first.element(position, place))?;
        let bias = bias.map(|bias| repeated(bias, positions));
        let value = self.volume_as_image(value)?;
        let value = self.push(Operator::Conv { weight, bias, windows: windows.to_vec(), groups }, &[value])?;
        self.image_as_volume(value, outputs)
    }

    /// A volume as an image of `channels · depth` channels.
    pub(super) fn volume_as_image(&mut self, value: ValueId) -> Lowered<ValueId> {
        let &[channels, depth, rows, columns] = self.graph.shape(value) else {
            return Err(format!("it slides along 3 axes, but its input is {:?}", self.graph.shape(value)).into());
        };
        if !self.graph.notes.iter().any(|note| note == NOTE) {
            self.graph.notes.push(NOTE.into());
        }
        self.reshape(value, &[channels * depth, rows, columns])
    }

    /// And back, with this number of channels.
    pub(super) fn image_as_volume(&mut self, value: ValueId, channels: usize) -> Lowered<ValueId> {
        let &[planes, rows, columns] = self.graph.shape(value) else {
            return Err(format!("its output is {:?}", self.graph.shape(value)).into());
        };
        self.reshape(value, &[channels, planes / channels.max(1), rows, columns])
    }

    /// The weight `[first, second, depth, …]` as `[first · places.0, second · places.1, …]`: of each pair of places, the element
    /// of the kernel between them, or 0.
    pub(super) fn banded(
        &mut self,
        weight: &Tensor,
        places: (usize, usize),
        element: impl Fn(usize, usize) -> Option<usize>,
    ) -> Lowered<Tensor> {
        let (&[first, second, depth, ref rest @ ..], Some(numbers)) = (&weight.shape[..], weight.as_reals()) else {
            return Err(format!("its weight is {:?}", weight.shape).into());
        };
        let shape: Vec<usize> =
            [first.saturating_mul(places.0), second.saturating_mul(places.1)].iter().chain(rest).copied().collect();
        let mut banded = vec![0.0; self.room.take(&shape)?];
        let area: usize = rest.iter().product();
        for (index, kernel) in banded.chunks_exact_mut(area.max(1)).enumerate() {
            let (row, column) = (index / (second * places.1), index % (second * places.1));
            let Some(at) = element(row % places.0, column % places.1) else { continue };
            let from = ((row / places.0 * second + column / places.1) * depth + at) * area;
            kernel.copy_from_slice(&numbers[from..from + area]);
        }
        let quantization = weight.quantization.as_ref().map(|own| each_place(own, places));
        Ok(Tensor { shape, numbers: Numbers::F32(banded), quantization })
    }
}

/// The scales of a weight with a row and a column for each place.
fn each_place(own: &Quantization, places: (usize, usize)) -> Quantization {
    let times = if own.scales.len() == 1 { 1 } else { [places.0, places.1][own.axis.min(1)] };
    let scales = own.scales.iter().flat_map(|&scale| std::iter::repeat_n(scale, times)).collect();
    let zero_points = own.zero_points.iter().flat_map(|&point| std::iter::repeat_n(point, times)).collect();
    Quantization { scales, zero_points, axis: own.axis }
}

/// A bias for each place.
pub(super) fn repeated(bias: &Tensor, places: usize) -> Tensor {
    let numbers = match &bias.numbers {
        Numbers::F32(reals) => reals.iter().flat_map(|&real| std::iter::repeat_n(real, places)).collect(),
        _ => Vec::new(),
    };
    let quantization = bias.quantization.as_ref().map(|own| each_place(own, (places, 1)));
    Tensor { shape: vec![bias.numbers.len().saturating_mul(places)], numbers: Numbers::F32(numbers), quantization }
}

impl Window {
    /// The element of the kernel that a position has at a place of the input, if any.
    pub(super) fn element(&self, position: usize, place: usize) -> Option<usize> {
        let from = position.checked_mul(self.stride)?;
        let distance = place.checked_add(self.padding.0)?.checked_sub(from)?;
        (distance % self.dilation == 0).then_some(distance / self.dilation).filter(|&element| element < self.kernel)
    }
}
