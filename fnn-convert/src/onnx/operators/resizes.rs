//! Images, sequences and volumes in another size: a linear map along each axis, which follows from the sizes.

use super::Call;
use crate::graph::{Operator, ValueId};
use crate::onnx::axes::axes_or_all;
use crate::onnx::lowering::{Known, Lowered, Lowering};

/// The largest number of elements that an axis is resized to.
const MAX_SIZE: f64 = 65536.0;

/// How an axis is resized.
struct Resized {
    /// The axis of the whole tensor.
    axis: usize,
    /// As the model says it: not always the quotient of the sizes, of which the one of the result is a whole number.
    scale: f64,
    inputs: usize,
    outputs: usize,
    /// The part that is taken, of 0 to 1.
    region: Option<(f32, f32)>,
}

impl Lowering<'_> {
    pub(super) fn resize(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.first(call)?;
        let whole = self.whole_shape(&input.shape);
        let method = Method::new(call)?;
        let mut resized = axes(call, &whole)?;
        // If no size changes, the input is the output, whatever the scales and the region are.
        if resized.iter().all(|resized| resized.outputs == resized.inputs) {
            resized.clear();
        }
        resized.retain(|resized| !resized.is_identity(&method));
        let mut value = self.value(&input)?;
        if let Some(layer) = layer(&resized, &method, &whole).filter(|_| self.batch.is_some()) {
            value = self.push(layer, &[value])?;
            return Ok(self.computed_as_is(value).into());
        }
        let mut shape = input.shape.clone();
        for resized in &resized {
            let axis = self.sample_axis(resized.axis as i64, shape.len())?;
            value = self.resize_axis(value, axis, resized, &method)?;
            shape[axis] = resized.outputs;
        }
        Ok(self.computed(value, &shape).into())
    }

    fn resize_axis(&mut self, value: ValueId, axis: usize, resized: &Resized, method: &Method) -> Lowered<ValueId> {
        if let Mode::Nearest(rounding) = method.mode {
            let indices: Vec<Option<usize>> =
                (0..resized.outputs).map(|output| method.nearest(rounding, resized, output)).collect();
            if method.outside == 0.0 || indices.iter().all(Option::is_some) {
                return self.select(value, axis, &indices);
            }
        }
        self.room.take(&[resized.inputs, resized.outputs])?;
        let rows: Vec<Option<Vec<f64>>> = (0..resized.outputs).map(|output| method.row(resized, output)).collect();
        let terms = rows.iter().any(Option::is_none).then(|| {
            let term = |row: &Option<Vec<f64>>| if row.is_none() { method.outside as f32 } else { 0.0 };
            rows.iter().map(term).collect()
        });
        let rows: Vec<Vec<f64>> =
            rows.into_iter().map(|row| row.unwrap_or_else(|| vec![0.0; resized.inputs])).collect();
        self.along(value, axis, &rows, terms)
    }
}

/// The layer that repeats elements behind the channels, or interpolates between them, if that is all that happens.
fn layer(resized: &[Resized], method: &Method, whole: &[usize]) -> Option<Operator> {
    let channels_change = resized.iter().any(|resized| resized.axis < 2 && resized.outputs != resized.inputs);
    if resized.is_empty() || channels_change || !(3..=4).contains(&whole.len()) {
        return None;
    }
    match method.mode {
        Mode::Nearest(rounding) => {
            let mut factors = vec![1; whole.len()];
            for resized in resized {
                factors[resized.axis] = method.repetitions(rounding, resized)?;
            }
            Some(Operator::Upsample { factors: factors.split_off(2) })
        }
        Mode::Linear => {
            let align_corners = method.align_corners(resized)?;
            let mut sizes = whole.to_vec();
            resized.iter().for_each(|resized| sizes[resized.axis] = resized.outputs);
            Some(Operator::Resize { sizes: sizes.split_off(2), align_corners })
        }
        Mode::Cubic(_) => None,
    }
}

/// The axes that are resized.
fn axes(call: &Call<'_>, whole: &[usize]) -> Lowered<Vec<Resized>> {
    let attributes = &call.attributes;
    let axes = axes_or_all(attributes.ints("axes"), whole.len())?;
    // Resize has a region of interest before its scales, from opset 11 on.
    let (scales, sizes, region) = match (call.operator(), attributes.opset) {
        ("Upsample", _) | ("Resize", ..=10) => (call.reals_if_given(1, "scales")?, None, None),
        _ => (
            call.reals_if_given(2, "scales")?,
            call.integers(3, "sizes")?,
            call.reals_if_given(1, "region of interest").ok().flatten(),
        ),
    };
    let scales = scales.filter(|scales| !scales.numbers.is_empty());
    let scales = scales.as_deref().and_then(|scales| scales.as_reals()).or_else(|| attributes.floats("scales"));
    let fits = |length: usize| match length == axes.len() {
        true => Ok(()),
        false => Err(format!("it has {length} scales or sizes for {} axes", axes.len())),
    };
    let inputs: Vec<usize> = axes.iter().map(|&axis| whole[axis]).collect();
    let resized = if let Some(scales) = scales {
        fits(scales.len())?;
        by_scales(scales, &inputs)
    } else {
        let sizes = sizes.ok_or("its scales and sizes are left out")?;
        fits(sizes.len())?;
        by_sizes(&sizes, &inputs, attributes.word("keep_aspect_ratio_policy", "stretch")?)
    };
    let crops = attributes.word("coordinate_transformation_mode", "half_pixel")? == "tf_crop_and_resize";
    let region = match region.as_deref().and_then(|region| region.as_reals()) {
        Some(region) if crops && region.len() == 2 * axes.len() => Some(region),
        _ if crops => return Err("its region of interest is left out".into()),
        _ => None,
    };
    let each = |(index, (&axis, &(scale, size))): (usize, (&usize, &(f64, f64)))| {
        let inputs = inputs[index];
        if size != inputs as f64 && !(scale > 0.0 && (1.0..=MAX_SIZE).contains(&size)) {
            return Err(format!("it resizes {inputs} elements by {scale} to {size}").into());
        }
        let region = region.map(|region| (region[index], region[axes.len() + index]));
        Ok(Resized { axis, scale, inputs, outputs: size as usize, region })
    };
    axes.iter().zip(&resized).enumerate().map(each).collect()
}

/// The scale and the size of each axis, given the scales.
fn by_scales(scales: &[f32], inputs: &[usize]) -> Vec<(f64, f64)> {
    // In 32 bits, as others compute it.
    let each = |(&scale, &inputs): (&f32, &usize)| (scale.into(), (scale * inputs as f32).floor().into());
    scales.iter().zip(inputs).map(each).collect()
}

/// The scale and the size of each axis, given the sizes, of which a policy may keep the proportions.
fn by_sizes(sizes: &[i64], inputs: &[usize], policy: &str) -> Vec<(f64, f64)> {
    let scales = || sizes.iter().zip(inputs).map(|(&size, &inputs)| f64::from(size as f32 / inputs as f32));
    let kept = match policy {
        "not_larger" => scales().reduce(f64::min),
        "not_smaller" => scales().reduce(f64::max),
        _ => None,
    };
    match kept {
        Some(kept) => inputs.iter().map(|&inputs| (kept, (kept * inputs as f64 + 0.5).floor())).collect(),
        None => scales().zip(sizes).map(|(scale, &size)| (scale, size as f64)).collect(),
    }
}

/// What an element of the result is made of.
struct Method {
    mode: Mode,
    coordinates: Coordinates,
    /// Whether a reduction is smoothed.
    antialias: bool,
    /// Whether elements outside don't count; otherwise, they are those at the ends.
    exclude_outside: bool,
    /// The result where a region reaches outside.
    outside: f64,
}

enum Mode {
    Nearest(Rounding),
    Linear,
    /// With this coefficient.
    Cubic(f64),
}

#[derive(Clone, Copy)]
enum Rounding {
    /// Before opset 11: up where the result is smaller, and down where it is larger.
    BySize,
    Floor,
    Ceil,
    HalfDown,
    HalfUp,
}

#[derive(PartialEq)]
enum Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    Crop,
}

impl Method {
    fn new(call: &Call<'_>) -> Lowered<Self> {
        let attributes = &call.attributes;
        // Before opset 11, there was one way.
        let early = call.operator() == "Upsample" || attributes.opset < 11;
        let rounding = match attributes.word("nearest_mode", if early { "" } else { "round_prefer_floor" })? {
            "" => Rounding::BySize,
            "floor" => Rounding::Floor,
            "ceil" => Rounding::Ceil,
            "round_prefer_ceil" => Rounding::HalfUp,
            "round_prefer_floor" => Rounding::HalfDown,
            other => return Err(format!("it rounds coordinates by `{other}`").into()),
        };
        let mode = match attributes.word("mode", "nearest")? {
            "nearest" => Mode::Nearest(rounding),
            "linear" | "bilinear" => Mode::Linear,
            "cubic" => Mode::Cubic(attributes.float("cubic_coeff_a", -0.75)),
            other => return Err(format!("it interpolates by mode `{other}`").into()),
        };
        let default = if early { "asymmetric" } else { "half_pixel" };
        let coordinates = match attributes.word("coordinate_transformation_mode", default)? {
            "half_pixel" => Coordinates::HalfPixel,
            "half_pixel_symmetric" => Coordinates::HalfPixelSymmetric,
            "pytorch_half_pixel" => Coordinates::PytorchHalfPixel,
            "align_corners" => Coordinates::AlignCorners,
            "asymmetric" => Coordinates::Asymmetric,
            "tf_crop_and_resize" => Coordinates::Crop,
            other => return Err(format!("its coordinates are `{other}`").into()),
        };
        Ok(Self {
            mode,
            coordinates,
            antialias: attributes.flag("antialias", false),
            exclude_outside: attributes.flag("exclude_outside", false),
            outside: attributes.float("extrapolation_value", 0.0),
        })
    }

    /// Where an element of the result lies in the input; `None` if that is outside a region.
    ///
    /// As ONNX Runtime computes it: in 32 bits, so that the same coordinates are halfway between two elements, and with the
    /// result's size as a whole number, where ONNX's reference implementation takes the product of scale and size.
    fn source(&self, resized: &Resized, output: usize) -> Option<f64> {
        let &Resized { inputs, outputs, region, .. } = resized;
        let (scale, output) = (resized.scale as f32, output as f32);
        let (size, last, end) = (inputs as f32, inputs as f32 - 1.0, outputs as f32 - 1.0);
        let center = (output + 0.5) / scale;
        let source = match self.coordinates {
            Coordinates::HalfPixel => center - 0.5,
            Coordinates::HalfPixelSymmetric => size / 2.0 * (1.0 - outputs as f32 / (scale * size)) + center - 0.5,
            Coordinates::PytorchHalfPixel | Coordinates::AlignCorners if outputs == 1 => 0.0,
            Coordinates::PytorchHalfPixel => center - 0.5,
            Coordinates::AlignCorners => output * last / end,
            Coordinates::Asymmetric => output / scale,
            Coordinates::Crop => {
                let (start, stop) = region?;
                let source = match outputs {
                    1 => 0.5 * (start + stop) * last,
                    _ => start * last + output * (stop - start) * last / end,
                };
                return (0.0..=last).contains(&source).then_some(source.into());
            }
        };
        Some(source.into())
    }

    /// The nearest element of the input; `None` if an element of the result lies outside a region.
    fn nearest(&self, rounding: Rounding, resized: &Resized, output: usize) -> Option<usize> {
        let (base, ratio) = between(self.source(resized, output)?);
        let place = if rounding.up(ratio, resized.scale) { base + 1.0 } else { base };
        Some(place.clamp(0.0, resized.inputs as f64 - 1.0) as usize)
    }

    /// How often each element of the input is repeated, if that is all that happens.
    fn repetitions(&self, rounding: Rounding, resized: &Resized) -> Option<usize> {
        let factor = resized.outputs / resized.inputs;
        let is_repeated = |output: usize| self.nearest(rounding, resized, output) == Some(output / factor);
        (factor * resized.inputs == resized.outputs && (0..resized.outputs).all(is_repeated)).then_some(factor)
    }

    /// Whether corners are aligned, if `Resize2d` takes all elements from where this linear interpolation does.
    fn align_corners(&self, resized: &[Resized]) -> Option<bool> {
        let smoothed = |resized: &Resized| self.antialias && resized.scale < 1.0;
        if self.exclude_outside || resized.iter().any(smoothed) {
            return None;
        }
        [false, true].into_iter().find(|&align_corners| {
            resized.iter().all(|resized| (0..resized.outputs).all(|output| self.is_at(resized, output, align_corners)))
        })
    }

    /// Whether an element of the result lies where `Resize2d` takes it from.
    fn is_at(&self, resized: &Resized, output: usize, align_corners: bool) -> bool {
        let (inputs, outputs) = (resized.inputs as f64, resized.outputs as f64);
        let own = match align_corners {
            true if resized.outputs == 1 => 0.0,
            true => output as f64 * (inputs - 1.0) / (outputs - 1.0),
            false => (output as f64 + 0.5) * inputs / outputs - 0.5,
        };
        let inside = |place: f64| place.clamp(0.0, inputs - 1.0);
        // A scale in 32 bits is never exact.
        self.source(resized, output).is_some_and(|source| (inside(source) - inside(own)).abs() < 1e-6 * inputs)
    }

    /// The factors of the input's elements for an element of the result; `None` if that lies outside a region.
    fn row(&self, resized: &Resized, output: usize) -> Option<Vec<f64>> {
        let (base, ratio) = between(self.source(resized, output)?);
        let narrow = if self.antialias { resized.scale.min(1.0) } else { 1.0 };
        let (first, factor): (f64, &dyn Fn(f64) -> f64) = match self.mode {
            Mode::Nearest(rounding) => {
                (0.0, &move |distance| f64::from(rounding.up(ratio, resized.scale) == (distance >= 0.0)))
            }
            Mode::Linear => ((-1.0 / narrow).floor() + 1.0, &|distance| (1.0 - distance.abs()).max(0.0)),
            Mode::Cubic(a) => ((-2.0 / narrow).floor() + 1.0, &move |distance| cubic(distance.abs(), a)),
        };
        let mut factors: Vec<(f64, f64)> = Vec::new();
        let mut place = first;
        // As many before the element as behind it.
        while place <= 1.0 - first {
            factors.push((base + place, factor((place - ratio) * narrow)));
            place += 1.0;
        }
        let last = resized.inputs as f64 - 1.0;
        if self.exclude_outside {
            factors.retain(|(place, _)| (0.0..=last).contains(place));
        }
        let sum: f64 = factors.iter().map(|(_, factor)| factor).sum();
        let sum = if sum == 0.0 { 1.0 } else { sum };
        let mut row = vec![0.0; resized.inputs];
        for (place, factor) in factors {
            row[place.clamp(0.0, last) as usize] += factor / sum;
        }
        Some(row)
    }
}

/// The element before a place, and how far that is from the element, at most at the next one.
fn between(source: f64) -> (f64, f64) {
    let base = source.ceil() - 1.0;
    (base, source - base)
}

impl Rounding {
    /// Whether a place so far behind an element is rounded to the next one.
    fn up(self, ratio: f64, scale: f64) -> bool {
        match self {
            _ if ratio == 1.0 => true,
            Self::BySize => scale < 1.0,
            Self::Floor => false,
            Self::Ceil => true,
            Self::HalfDown => ratio > 0.5,
            Self::HalfUp => ratio >= 0.5,
        }
    }
}

impl Resized {
    /// Whether nothing changes.
    fn is_identity(&self, method: &Method) -> bool {
        let whole = method.coordinates != Coordinates::Crop || self.region == Some((0.0, 1.0));
        self.inputs == self.outputs && (self.scale - 1.0).abs() < 1e-9 && whole
    }
}

/// The cubic convolution of Keys, at a distance from the element.
fn cubic(distance: f64, a: f64) -> f64 {
    let x = distance;
    match x {
        ..=1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        ..2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
        _ => 0.0,
    }
}
