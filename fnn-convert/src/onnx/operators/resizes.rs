//! Images and sequences made larger.

use super::Call;
use crate::graph::Operator;
use crate::onnx::axes::unique_axes;
use crate::onnx::lowering::{Known, Lowered, Lowering};
use crate::tensor::Tensor;

impl Lowering<'_> {
    pub(super) fn pad(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let mode = call.attributes.word("mode", "constant")?;
        if mode != "constant" {
            return Err(format!("it pads by mode `{mode}`, not with zeros").into());
        }
        // Attributes before opset 11, inputs from then on.
        let number = match call.reals_if_given(2, "constant")? {
            Some(tensor) => tensor.as_real().map(f64::from),
            None => Some(call.attributes.float("value", 0.0)),
        };
        let rank = self.whole_shape(&input.shape).len();
        let pads = call.integers_or_attribute(1, "pads")?.ok_or("its pads are left out")?;
        let axes = match call.integers(3, "axes")? {
            Some(axes) => unique_axes(&axes, rank)?,
            None => (0..rank).collect(),
        };
        if pads.len() != 2 * axes.len() {
            return Err(format!("its pads are {pads:?} for {} axes", axes.len()).into());
        }
        if pads.iter().all(|&pad| pad == 0) {
            return Ok(Known::Computed(input));
        }
        let number = number.ok_or("it doesn't pad with a single number")?;
        let mut padding = vec![(0, 0); rank];
        for (index, &axis) in axes.iter().enumerate() {
            let size = |pad: i64| usize::try_from(pad).map_err(|_| "its pads are negative: it cuts its input");
            padding[axis] = (size(pads[index])?, size(pads[axes.len() + index])?);
        }
        if padding[0] != (0, 0) {
            return Err("it pads the batch".into());
        }
        if padding[1] != (0, 0) {
            return Err("it pads the channels".into());
        }
        // Padded with another number: zeros around what is smaller by it.
        let one = Tensor::reals(&[], vec![1.0]);
        let shift = |number: f64| Tensor::reals(&[], vec![number as f32]);
        let shifted = if number == 0.0 { input } else { self.scaled(&input, &one, &shift(-number))? };
        let value = self.value(&shifted)?;
        let value = self.push(Operator::ZeroPad { padding: padding[2..].to_vec() }, &[value])?;
        let padded = self.computed_as_is(value);
        Ok(if number == 0.0 { padded } else { self.scaled(&padded, &one, &shift(number))? }.into())
    }

    pub(super) fn resize(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let attributes = &call.attributes;
        let mode = attributes.word("mode", "nearest")?;
        if mode != "nearest" {
            return Err(format!("it interpolates by mode `{mode}`; only `nearest` can be declared").into());
        }
        let whole = self.whole_shape(&input.shape);
        // Resize has a region of interest before its scales, from opset 11 on.
        let (scales, sizes) = match (call.operator(), attributes.opset) {
            ("Upsample", _) | ("Resize", ..=10) => (call.reals_if_given(1, "scales")?, None),
            _ => (call.reals_if_given(2, "scales")?, call.integers(3, "sizes")?),
        };
        let scales = scales.filter(|scales| !scales.numbers.is_empty());
        let axes = match attributes.ints("axes") {
            Some(axes) => unique_axes(axes, whole.len())?,
            None => (0..whole.len()).collect(),
        };
        let mut factors = vec![1; whole.len()];
        let given: Vec<f64> = if let Some(scales) = scales.as_deref().and_then(|scales| scales.as_reals()) {
            scales.iter().map(|&scale| scale.into()).collect()
        } else if let Some(scales) = attributes.floats("scales") {
            scales.iter().map(|&scale| scale.into()).collect()
        } else {
            let sizes = sizes.ok_or("its scales and sizes are left out")?;
            sizes.iter().zip(&axes).map(|(&size, &axis)| size as f64 / whole[axis] as f64).collect()
        };
        if given.len() != axes.len() {
            return Err(format!("it has {} scales for {} axes", given.len(), axes.len()).into());
        }
        for (&axis, &factor) in axes.iter().zip(&given) {
            if factor.fract() != 0.0 || !(1.0..=65536.0).contains(&factor) {
                return Err(format!("it resizes by {factor}; only whole factors can be declared").into());
            }
            factors[axis] = factor as usize;
        }
        if factors[..2] != [1, 1] {
            return Err("it resizes the batch or the channels".into());
        }
        if call.operator() == "Resize" && attributes.opset >= 11 {
            self.check_nearest(call, &factors)?;
        }
        if factors.iter().all(|&factor| factor == 1) {
            return Ok(Known::Computed(input));
        }
        let value = self.value(&input)?;
        let value = self.push(Operator::Upsample { factors: factors[2..].to_vec() }, &[value])?;
        Ok(self.computed_as_is(value).into())
    }

    /// Whether each element is repeated, with the given rounding of coordinates.
    fn check_nearest(&self, call: &Call<'_>, factors: &[usize]) -> Lowered<()> {
        let coordinates = call.attributes.word("coordinate_transformation_mode", "half_pixel")?;
        let rounding = call.attributes.word("nearest_mode", "round_prefer_floor")?;
        for &factor in factors {
            for place in 0..factor {
                let (size, index) = (factor as f64, place as f64);
                let source = match coordinates {
                    "asymmetric" => index / size,
                    "half_pixel" | "half_pixel_symmetric" | "pytorch_half_pixel" => (index + 0.5) / size - 0.5,
                    other => return Err(format!("its coordinates are `{other}`").into()),
                };
                let rounded = match rounding {
                    "floor" => source.floor(),
                    "ceil" => source.ceil(),
                    "round_prefer_ceil" => (source + 0.5).floor(),
                    _ => (source - 0.5).ceil(),
                };
                if rounded != 0.0 {
                    return Err(
                        format!("by {factor}, `{coordinates}` and `{rounding}` don't repeat each element").into()
                    );
                }
            }
        }
        Ok(())
    }
}
