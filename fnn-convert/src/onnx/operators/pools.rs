//! Pools, and reductions that are global ones.

use super::Call;
use super::linear::windows;
use crate::graph::{Operator, Window};
use crate::onnx::expression::{Binary, Form};
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering};
use crate::onnx::moments::Moment;
use crate::tensor::Tensor;

impl Lowering<'_> {
    pub(super) fn max_pool(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let (windows, _) = pool_windows(call, &input.shape)?;
        let value = self.value(&input)?;
        let value = self.push(Operator::MaxPool { windows }, &[value])?;
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn average_pool(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let (windows, extended) = pool_windows(call, &input.shape)?;
        let mut count_padding = call.attributes.flag("count_include_pad", false);
        if extended && count_padding {
            // What a window has behind the padding is never counted.
            let padded = call.attributes.ints("pads").is_some_and(|pads| pads.iter().any(|&pad| pad != 0));
            if padded {
                return Err("it counts its padding, but not what its last window has behind that (`ceil_mode`)".into());
            }
            count_padding = false;
        }
        let value = self.value(&input)?;
        let value = self.push(Operator::AveragePool { windows, count_padding }, &[value])?;
        Ok(self.computed_as_is(value).into())
    }

    pub(super) fn global_pool(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let pool = match call.operator() {
            "GlobalAveragePool" => Operator::GlobalAveragePool,
            _ => Operator::GlobalMaxPool,
        };
        let axes: Vec<usize> = (1..input.shape.len()).collect();
        self.reduced(&input, &axes, pool, true).map(Known::from)
    }

    pub(super) fn reduce(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let keep = call.attributes.flag("keepdims", true);
        let rank = match call.input(0) {
            Some(Known::Computed(computed)) => computed.shape.len(),
            Some(Known::Moment(moment)) => moment.of.shape.len(),
            _ => return Err("its input is no value".into()),
        };
        let axes = call.integers_or_attribute(1, "axes")?.filter(|axes| !axes.is_empty());
        if axes.is_none() && call.attributes.flag("noop_with_empty_axes", false) {
            return self.first(call).map(Known::Computed);
        }
        let whole = rank + usize::from(self.batch.is_some());
        let axes = axes.unwrap_or_else(|| (0..whole as i64).collect());
        let mut axes = axes.iter().map(|&axis| self.sample_axis(axis, rank)).collect::<Lowered<Vec<_>>>()?;
        axes.sort_unstable();
        axes.dedup();
        let mean = call.operator() == "ReduceMean";
        if let (Some(Known::Moment(moment)), true) = (call.input(0), mean && keep)
            && let Some(next) = moment.averaged(&axes)
        {
            return Ok(Known::Moment(next));
        }
        let input = self.first(call)?;
        if mean && keep {
            // The mean of squares: of an RMS norm, or of nothing that can be declared.
            let moment = match square_of(&input) {
                Some(root) => Moment::square(&root, self.current).averaged(&axes).ok_or("it has no axes")?,
                None => Moment::mean(&input, axes, self.current),
            };
            return Ok(Known::Moment(moment));
        }
        let reduced = match call.operator() {
            "ReduceMax" => self.reduced(&input, &axes, Operator::GlobalMaxPool, keep),
            "ReduceMean" => self.reduced(&input, &axes, Operator::GlobalAveragePool, keep),
            _ => {
                let count: usize = axes.iter().map(|&axis| input.shape[axis]).product();
                let mean = self.reduced(&input, &axes, Operator::GlobalAveragePool, keep)?;
                let (weight, bias) = (Tensor::reals(&[], vec![count as f32]), Tensor::reals(&[], vec![0.0]));
                self.scaled(&mean, &weight, &bias)
            }
        };
        reduced.map(Known::from)
    }

    /// A global pool along axes that are kept as sizes of 1, or not.
    fn reduced(&mut self, input: &Computed, axes: &[usize], pool: Operator, keep: bool) -> Lowered<Computed> {
        let pooled = self.pool(input, axes, pool)?;
        let sizes = input.shape.iter().enumerate();
        let shape: Vec<usize> = if keep {
            sizes.map(|(axis, &size)| if axes.contains(&axis) { 1 } else { size }).collect()
        } else {
            sizes.filter(|(axis, _)| !axes.contains(axis)).map(|(_, &size)| size).collect()
        };
        let value = self.reshape(pooled, &shape)?;
        Ok(self.computed(value, &shape))
    }
}

/// What a value is the square of.
pub(super) fn square_of(value: &Computed) -> Option<Computed> {
    let root = match &value.expression.form {
        Form::Binary(Binary::Multiply, left, right) if std::rc::Rc::ptr_eq(left, right) => left,
        Form::Binary(Binary::Power, root, exponent) if matches!(exponent.form, Form::Number(2.0)) => root,
        _ => return None,
    };
    Some(Computed { expression: root.clone(), ..value.clone() })
}

/// The windows of a pool, and whether `ceil_mode` lets the last one reach behind the padding.
fn pool_windows(call: &Call<'_>, shape: &[usize]) -> Lowered<(Vec<Window>, bool)> {
    let sizes = &shape[1..];
    if !call.attributes.has("kernel_shape") {
        return Err("its kernel is left out".into());
    }
    let kernel = call.attributes.sizes("kernel_shape", sizes.len(), 0)?;
    let mut windows = windows(call, sizes, &kernel)?;
    let mut extended = false;
    if call.attributes.flag("ceil_mode", false) {
        for (window, &size) in windows.iter_mut().zip(sizes) {
            extended |= extend(window, size).ok_or("its window doesn't fit")?;
        }
    }
    Ok((windows, extended))
}

/// Pad the end, so that the last window that starts within the input or the padding before it fits. Returns whether it
/// had to be.
fn extend(window: &mut Window, size: usize) -> Option<bool> {
    let span = window.span()?;
    let padded = size.checked_add(window.padding.0)?.checked_add(window.padding.1)?;
    let mut last = padded.checked_sub(span)?.div_ceil(window.stride).checked_mul(window.stride)?;
    if last >= size.checked_add(window.padding.0)? {
        last -= window.stride;
    }
    let missing = last.checked_add(span)?.saturating_sub(padded);
    window.padding.1 = window.padding.1.checked_add(missing)?;
    Some(missing > 0)
}
