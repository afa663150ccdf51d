//! Pools, and reductions that are global ones.

use super::Call;
use super::linear::windows;
use crate::graph::{Operator, Window};
use crate::onnx::expression::{Term, Unary};
use crate::onnx::lowering::{Computed, Known, Lowered, Lowering, Padded};
use crate::onnx::moments::{Moment, Step, exponent_of, square_of};
use crate::tensor::Tensor;

impl Lowering<'_> {
    pub(super) fn max_pool(&mut self, call: &Call<'_>) -> Lowered<Known> {
        if let Some(Known::Padded(padded)) = call.input(0).filter(|_| self.batch.is_some())
            && let Some(windows) = windows_on_padded(call, padded)?
        {
            return self.slid(&padded.input, &windows, |windows| Operator::MaxPool { windows }).map(Known::from);
        }
        let input = self.image(call)?;
        let (windows, _) = pool_windows(call, &input.shape)?;
        self.slid(&input, &windows, |windows| Operator::MaxPool { windows }).map(Known::from)
    }

    pub(super) fn average_pool(&mut self, call: &Call<'_>) -> Lowered<Known> {
        let input = self.image(call)?;
        let (windows, extensions) = pool_windows(call, &input.shape)?;
        let mut count_padding = call.attributes.flag("count_include_pad", false);
        if count_padding && extensions.iter().any(|&extension| extension > 0) {
            // What a window has behind the padding is never counted.
            let padded = call.attributes.ints("pads").is_some_and(|pads| pads.iter().any(|&pad| pad != 0));
            if padded {
                return self.average_of_padded(&input, &windows, &extensions).map(Known::from);
            }
            count_padding = false;
        }
        self.slid(&input, &windows, |windows| Operator::AveragePool { windows, count_padding }).map(Known::from)
    }

    /// A pool. Along three axes, it is one along the last two and one along the first, since largest numbers of largest
    /// numbers, and means of means over as many, are those of all.
    fn slid(
        &mut self,
        input: &Computed,
        windows: &[Window],
        pool: impl Fn(Vec<Window>) -> Operator,
    ) -> Lowered<Computed> {
        let value = self.value(input)?;
        let (&[channels, depth, ..], &[first, rows, columns]) = (&input.shape[..], windows) else {
            let value = self.push(pool(windows.to_vec()), &[value])?;
            return Ok(self.computed_as_is(value));
        };
        let &[_, _, height, width] = &input.shape[..] else {
            return Err(format!("its kernel has three axes, but its input is {:?}", input.shape).into());
        };
        let too_large = || "it is too large".to_string();
        let planes = channels.checked_mul(depth).ok_or_else(too_large)?;
        let value = self.reshape(value, &[planes, height, width])?;
        let value = self.push(pool(vec![rows, columns]), &[value])?;
        let sizes = self.graph.shape(value)[1..].to_vec();
        let value = if first == Window::ELEMENT {
            value
        } else {
            let value = self.reshape(value, &[channels, depth, sizes[0] * sizes[1]])?;
            self.push(pool(vec![first, Window::ELEMENT]), &[value])?
        };
        let depth = self.graph.shape(value).iter().product::<usize>() / (channels * sizes[0] * sizes[1]);
        let shape = [channels, depth, sizes[0], sizes[1]];
        let value = self.reshape(value, &shape)?;
        Ok(self.computed(value, &shape))
    }

    /// A mean that counts its padding, but not what its last windows have behind that: one that counts all, times a number for
    /// each place.
    fn average_of_padded(&mut self, input: &Computed, windows: &[Window], extensions: &[usize]) -> Lowered<Computed> {
        let mut mean = self.slid(input, windows, |windows| Operator::AveragePool { windows, count_padding: true })?;
        let rank = windows.len();
        for (axis, (window, &extension)) in windows.iter().zip(extensions).enumerate() {
            let padded = input.shape[axis + 1] + window.padding.0 + window.padding.1 - extension;
            let counted = |position: usize| {
                let left = padded.saturating_sub(position * window.stride);
                left.div_ceil(window.dilation).clamp(1, window.kernel)
            };
            let positions = mean.shape[axis + 1];
            self.room.take(&[positions])?;
            let factors = (0..positions).map(|position| window.kernel as f32 / counted(position) as f32).collect();
            let mut shape = vec![1; rank];
            shape[axis] = positions;
            let factors = Tensor::reals(&shape, factors);
            mean = self.scaled(&mean, &factors, &Tensor::real(0.0))?;
        }
        Ok(mean)
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
            _ => return Err("its input isn't a computed value".into()),
        };
        let axes = call.integers_or_attribute(1, "axes")?.filter(|axes| !axes.is_empty());
        if axes.is_none() && call.attributes.flag("noop_with_empty_axes", false) {
            return self.first(call).map(Known::Computed);
        }
        let whole = rank + usize::from(self.batch.is_some());
        let axes = axes.unwrap_or_else(|| (0..whole as i64).collect());
        let axes = self.sample_axes(&axes, rank)?;
        let operator = call.operator();
        if let (Some(Known::Moment(moment)), true) = (call.input(0), keep) {
            let next = match operator {
                "ReduceMean" => moment.averaged(&axes),
                "ReduceSum" => moment.summed(&axes),
                _ => None,
            };
            if let Some(next) = next {
                return Ok(Known::Moment(next));
            }
        }
        let input = self.first(call)?;
        let first = |step| Moment::new(&input, axes.clone(), step, self.current);
        let step = match operator {
            _ if !keep => None,
            // The mean of squares: of an RMS norm, or of nothing that can be declared.
            "ReduceMean" => Some(match square_of(&input) {
                Some(root) => Moment::new(&root, axes.clone(), Step::MeanSquare, self.current),
                None => first(Step::Mean),
            }),
            "ReduceMax" => Some(first(Step::Largest)),
            "ReduceL2" => Some(first(Step::Norm(0.0))),
            "ReduceLogSumExp" => Some(first(Step::LogSum)),
            "ReduceSum" => exponent_of(&input).map(|of| Moment::new(&of, axes.clone(), Step::Sum, self.current)),
            _ => None,
        };
        if let Some(step) = step {
            return Ok(Known::Moment(step));
        }
        let reduced = match operator {
            "ReduceMax" => self.reduced(&input, &axes, Operator::GlobalMaxPool, keep),
            "ReduceMean" => self.reduced(&input, &axes, Operator::GlobalAveragePool, keep),
            "ReduceMin" => {
                // The smallest number is the negative of the largest negative one.
                let negative = self.times(&input, -1.0)?;
                let largest = self.reduced(&negative, &axes, Operator::GlobalMaxPool, keep)?;
                self.times(&largest, -1.0)
            }
            "ReduceSum" | "ReduceL1" => {
                let count: usize = axes.iter().map(|&axis| input.shape[axis]).product();
                let input = match operator {
                    "ReduceL1" => {
                        let expression = Term::unary(Unary::Abs, &input.expression, self.current);
                        Computed { expression, ..input }
                    }
                    _ => input,
                };
                let mean = self.reduced(&input, &axes, Operator::GlobalAveragePool, keep)?;
                self.times(&mean, count as f32)
            }
            _ => Err(format!("the operator {operator} isn't supported, but as part of a normalization").into()),
        };
        reduced.map(Known::from)
    }

    /// The product with a number.
    pub(in crate::onnx) fn times(&mut self, value: &Computed, factor: f32) -> Lowered<Computed> {
        self.scaled(value, &Tensor::real(factor), &Tensor::real(0.0))
    }

    /// A global pool along axes that are kept as sizes of 1, or not.
    pub(in crate::onnx) fn reduced(
        &mut self,
        input: &Computed,
        axes: &[usize],
        pool: Operator,
        keep: bool,
    ) -> Lowered<Computed> {
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

/// The windows of a max pool on a value that is padded with the smallest number, as windows on the value itself: with that padding.
/// None if one of them would lie in the padding.
fn windows_on_padded(call: &Call<'_>, padded: &Padded) -> Lowered<Option<Vec<Window>>> {
    let natural = |&(before, after): &(i64, i64)| Some((usize::try_from(before).ok()?, usize::try_from(after).ok()?));
    let Some(ends) = padded.ends.iter().map(natural).collect::<Option<Vec<_>>>() else { return Ok(None) };
    let larger = |(&size, &(before, after)): (&usize, &(usize, usize))| size.checked_add(before)?.checked_add(after);
    let shape: Option<Vec<usize>> = padded.input.shape.iter().zip(&ends).map(larger).collect();
    let ([(0, 0), ends @ ..], Some(shape)) = (&ends[..], shape) else { return Ok(None) };
    let (windows, _) = pool_windows(call, &shape)?;
    let on_value = |(window, &(before, after)): (&Window, &(usize, usize))| {
        let padding = (window.padding.0.checked_add(before)?, window.padding.1.checked_add(after)?);
        let span = window.span()?;
        (padding.0 < span && padding.1 < span).then_some(Window { padding, ..*window })
    };
    Ok(windows.iter().zip(ends).map(on_value).collect())
}

/// The windows of a pool, and by how much `ceil_mode` lets the last one on each axis reach behind the padding.
fn pool_windows(call: &Call<'_>, shape: &[usize]) -> Lowered<(Vec<Window>, Vec<usize>)> {
    let sizes = &shape[1..];
    if !call.attributes.has("kernel_shape") {
        return Err("its kernel is left out".into());
    }
    let kernel = call.attributes.sizes("kernel_shape", sizes.len(), 0)?;
    let mut windows = windows(call, sizes, &kernel)?;
    let mut extensions = vec![0; windows.len()];
    if call.attributes.flag("ceil_mode", false) {
        for ((window, extension), &size) in windows.iter_mut().zip(&mut extensions).zip(sizes) {
            *extension = extend(window, size).ok_or("its window doesn't fit")?;
        }
    }
    Ok((windows, extensions))
}

/// Pad the end, so that the last window that starts within the input or the padding before it fits. Returns by how much.
fn extend(window: &mut Window, size: usize) -> Option<usize> {
    let span = window.span()?;
    let padded = size.checked_add(window.padding.0)?.checked_add(window.padding.1)?;
    let mut last = padded.checked_sub(span)?.div_ceil(window.stride).checked_mul(window.stride)?;
    if last >= size.checked_add(window.padding.0)? {
        last -= window.stride;
    }
    let missing = last.checked_add(span)?.saturating_sub(padded);
    window.padding.1 = window.padding.1.checked_add(missing)?;
    Some(missing)
}
