//! Transposed convolutions.

use super::Call;
use super::volumes::repeated;
use crate::graph::{Operator, ValueId, Window};
use crate::onnx::lowering::{Known, Lowered, Lowering};
use crate::tensor::Tensor;
use crate::tensor::indices::pick;

/// The largest stride, dilation or padding.
const MAX_SIZE: usize = 1 << 16;

impl Lowering<'_> {
    /// A transposed convolution: a convolution by the filters turned round, with zeros between the elements of the input.
    pub(super) fn conv_transpose(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let (weight, bias) = (call.reals(1, "weight")?, call.reals_if_given(2, "bias")?);
        let &[inputs, each, ref kernel @ ..] = &weight.shape[..] else {
            return Err(format!("its weight is {:?}", weight.shape).into());
        };
        if !(1..=3).contains(&kernel.len()) {
            return Err(format!("it slides along {} axes; one to three are supported", kernel.len()).into());
        }
        if input.shape.len() != kernel.len() + 1 || input.shape[0] != inputs || weight.numbers.is_empty() {
            return Err(format!("its weight is {:?}, but its input {:?}", weight.shape, input.shape).into());
        }
        let groups = usize::try_from(call.attributes.int("group", 1)).unwrap_or(0);
        if groups == 0 || inputs % groups != 0 {
            return Err(format!("{groups} groups don't divide its {inputs} channels").into());
        }
        let axes = slides(call, &input.shape[1..], kernel)?;
        let value = self.value(&input)?;
        let bias = bias.map(|bias| bias.as_ref().clone());
        let value = match &axes[..] {
            [first, axes @ ..] if axes.len() == 2 => {
                let depth = input.shape[1];
                let positions = first.positions(depth, kernel[0]).ok_or("it has no outputs")?;
                let between = |place, position| first.element(position, place, kernel[0]);
                let weight = self.banded(&weight, (depth, positions), between)?;
                let bias = bias.map(|bias| repeated(&bias, positions));
                let value = self.volume_as_image(value)?;
                let value = self.transposed_filters(value, (&weight, bias), axes, groups)?;
                self.image_as_volume(value, groups * each)?
            }
            axes => self.transposed_filters(value, (&weight, bias), axes, groups)?,
        };
        Ok(self.computed_as_is(value).into())
    }

    /// A transposed convolution along one or two axes.
    fn transposed_filters(
        &mut self,
        mut value: ValueId,
        (weight, bias): (&Tensor, Option<Tensor>),
        axes: &[Slide],
        groups: usize,
    ) -> Lowered<ValueId> {
        let &[inputs, each, ref kernel @ ..] = &weight.shape[..] else {
            return Err(format!("its weight is {:?}", weight.shape).into());
        };
        let mut windows = Vec::new();
        for (axis, slide) in axes.iter().enumerate() {
            value = self.spread(value, axis + 1, slide.stride - 1)?;
            value = self.cut(value, axis + 1, slide.padding)?;
            let padding = |end: i64| usize::try_from(end).unwrap_or(0);
            let padding = (padding(slide.padding.0), padding(slide.padding.1));
            windows.push(Window { kernel: kernel[axis], stride: 1, dilation: slide.dilation, padding });
        }
        // [in, out / groups, …] as [out, in / groups, …], each filter from its end.
        let (places, inputs): (usize, usize) = (kernel.iter().product(), inputs / groups);
        let order = (0..groups * each).flat_map(|output| {
            let (group, own) = (output / each, output % each);
            (0..inputs).flat_map(move |input| {
                let start = ((group * inputs + input) * each + own) * places;
                (start..start + places).rev()
            })
        });
        let shape: Vec<usize> = [groups * each, inputs].iter().chain(kernel).copied().collect();
        let weight = Tensor { numbers: pick(&weight.numbers, order), shape, quantization: None };
        self.push(Operator::Conv { weight, bias, windows, groups }, &[value])
    }
}

/// How a transposed convolution slides along an axis.
struct Slide {
    stride: usize,
    dilation: usize,
    /// Of the convolution behind the zeros between the elements, and behind the last one; negative where it cuts.
    padding: (i64, i64),
}

impl Slide {
    /// From the first element of a kernel to its last one.
    fn span(&self, kernel: usize) -> i64 {
        ((kernel - 1) * self.dilation) as i64
    }

    /// The number of outputs of an axis of this size.
    fn positions(&self, size: usize, kernel: usize) -> Option<usize> {
        let (before, after) = self.padding;
        let positions = (size * self.stride) as i64 + before + after - self.span(kernel);
        usize::try_from(positions).ok().filter(|&positions| positions > 0)
    }

    /// The element of the kernel between an output and an input, if there is one.
    fn element(&self, position: usize, place: usize, kernel: usize) -> Option<usize> {
        let distance = position as i64 + self.span(kernel) - self.padding.0 - (place * self.stride) as i64;
        let distance = usize::try_from(distance).ok()?;
        (distance % self.dilation == 0).then_some(distance / self.dilation).filter(|&element| element < kernel)
    }
}

fn slides(call: &Call<'_>, sizes: &[usize], kernel: &[usize]) -> Lowered<Vec<Slide>> {
    let attributes = &call.attributes;
    let axes = kernel.len();
    let strides = attributes.sizes("strides", axes, 1)?;
    let dilations = attributes.sizes("dilations", axes, 1)?;
    let pads = attributes.sizes("pads", 2 * axes, 0)?;
    let more = attributes.sizes("output_padding", axes, 0)?;
    let wanted = match attributes.has("output_shape") {
        true => Some(attributes.sizes("output_shape", axes, 0)?),
        false => None,
    };
    let all = [&strides[..], &dilations, &pads, &more, kernel, sizes, wanted.as_deref().unwrap_or_default()];
    if all.iter().any(|sizes| sizes.iter().any(|&size| size > MAX_SIZE)) {
        return Err("its window is too large".into());
    }
    if strides.contains(&0) || dilations.contains(&0) || kernel.contains(&0) {
        return Err("a kernel, stride or dilation is 0".into());
    }
    let auto = attributes.word("auto_pad", "NOTSET")?;
    let slide = |axis: usize| {
        let signed = |size: usize| size as i64;
        let (stride, span) = (signed(strides[axis]), signed((kernel[axis] - 1) * dilations[axis]));
        let more = signed(more[axis]);
        let whole = stride * (signed(sizes[axis]) - 1) + span + 1 + more;
        let same = matches!(auto, "SAME_UPPER" | "SAME_LOWER").then(|| signed(sizes[axis]) * stride);
        let wanted = wanted.as_ref().map(|wanted| signed(wanted[axis])).or(same);
        let (before, after) = match (wanted, auto) {
            (Some(wanted), _) => {
                let total = whole - wanted;
                let half = total.div_euclid(2);
                if auto == "SAME_UPPER" { (half, total - half) } else { (total - half, half) }
            }
            (None, "VALID") => (0, 0),
            _ => (signed(pads[axis]), signed(pads[axes + axis])),
        };
        let padding = (span - before, span - after + more - (stride - 1));
        Slide { stride: strides[axis], dilation: dilations[axis], padding }
    };
    Ok((0..axes).map(slide).collect())
}
