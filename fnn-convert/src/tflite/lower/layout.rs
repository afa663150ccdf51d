//! Layouts: the order of axes in the model and in the graph.

use super::{Held, Lowering, Source, Stop, activations, operators, sample};
use crate::graph::{Operator, ValueId};
use crate::tensor::indices::{to_back, to_front};

/// Channels, the last axis of a sample in the model, are the first of a value.
pub(super) fn canonical(rank: usize) -> Vec<Option<usize>> {
    let Some(last) = rank.checked_sub(1) else { return Vec::new() };
    (1..=last).map(Some).chain([Some(0)]).collect()
}

/// The axes of the model in the order of a value, where they differ.
pub(super) fn channels_first(rank: usize) -> Option<Vec<usize>> {
    (rank > 1).then(|| to_front(rank - 1, rank))
}

/// The shape of a value in this layout.
pub(super) fn of_value(sample: &[usize], axes: &[Option<usize>]) -> Vec<usize> {
    let mut sizes: Vec<_> = axes.iter().zip(sample).filter_map(|(axis, &size)| Some(((*axis)?, size))).collect();
    sizes.sort_unstable();
    sizes.into_iter().map(|(_, size)| size).collect()
}

/// The axes of a value in the order of the model.
fn order(axes: &[Option<usize>]) -> Vec<usize> {
    axes.iter().copied().flatten().collect()
}

/// The layout in which a value already has this shape, but for axes of size 1: a sequence is an image of one row.
fn renamed(axes: &[Option<usize>], shape: &[usize], to: &[usize]) -> Option<Vec<Option<usize>>> {
    let mut real = axes.iter().copied().flatten().peekable();
    let mut renamed = Vec::new();
    for &size in to {
        match real.next_if(|&axis| shape[axis] == size) {
            Some(axis) => renamed.push(Some(axis)),
            None if size == 1 => renamed.push(None),
            None => return None,
        }
    }
    // The channels are the last axis of the model.
    (real.next().is_none() && renamed.last() == Some(&Some(0))).then_some(renamed)
}

impl Lowering<'_> {
    /// Another shape of the same numbers, in the order of the model.
    pub(super) fn reshape(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let entry = &self.model.tensors[source.outputs[0]];
        self.in_shape(source, held, &sample(entry)?)
    }

    /// The numbers of `held` as a sample of this shape.
    pub(super) fn in_shape(&mut self, source: &Source<'_>, held: Held, to: &[usize]) -> Result<Held, Stop> {
        let shape = self.graph.shape(held.value).to_vec();
        if let Some(axes) = renamed(&held.axes, &shape, to) {
            return Ok(Held { axes, ..held });
        }
        let axes = canonical(to.len());
        let quantization = self.graph.values[held.value.0].quantization.clone();
        let mut value = held.value;
        let mut flattened = None;
        let [channels, places @ ..] = &shape[..] else { return Err("its input is a single number".into()) };
        let (to_channels, to_places) = to.split_last().ok_or("its output is a single number")?;
        // No number moves if channels stay the channels, or if there is one channel or one place before and after.
        let one = |channels: usize, places: &[usize]| channels == 1 || places.iter().product::<usize>() == 1;
        if channels == to_channels || one(*channels, places) && one(*to_channels, to_places) {
            value = self.moved(source, Operator::Reshape { shape: of_value(to, &axes) }, value)?;
        } else if to_places.is_empty() {
            value = self.moved(source, Operator::Reshape { shape: to.to_vec() }, value)?;
            flattened = Some(shape);
        } else {
            if !places.is_empty() {
                let last = to_back(&[0], shape.len());
                value = self.moved(source, Operator::Transpose { axes: last }, value)?;
            }
            value = self.moved(source, Operator::Reshape { shape: to.to_vec() }, value)?;
            if !to_places.is_empty() {
                let first = to_front(to.len() - 1, to.len());
                value = self.moved(source, Operator::Transpose { axes: first }, value)?;
            }
        }
        self.graph.values[value.0].quantization = quantization;
        Ok(Held { value, axes, flattened, column: None })
    }

    /// An image of one place that is held as its channels alone, as a sequence of one place.
    pub(super) fn with_place(&mut self, source: &Source<'_>, held: Held) -> Result<Held, Stop> {
        let (&[channels], 3) = (self.graph.shape(held.value), held.axes.len()) else { return Ok(held) };
        let quantization = self.graph.values[held.value.0].quantization.clone();
        let value = self.moved(source, Operator::Reshape { shape: vec![channels, 1] }, held.value)?;
        self.graph.values[value.0].quantization = quantization;
        Ok(Held { value, axes: vec![None, Some(1), Some(0)], ..held })
    }

    /// The numbers in the order of the model.
    pub(super) fn straight(&mut self, held: Held) -> Result<Held, Stop> {
        let Some(shape) = &held.flattened else { return Ok(held) };
        let quantization = self.graph.values[held.value.0].quantization.clone();
        let last = to_back(&[0], shape.len());
        let mut value = held.value;
        let row = self.graph.shape(value).to_vec();
        for operator in [
            Operator::Reshape { shape: shape.clone() },
            Operator::Transpose { axes: last },
            Operator::Reshape { shape: row },
        ] {
            let pushed = self.graph.push("", "RESHAPE", operator, &[value]);
            value = pushed.map_err(|refusal| Stop::Refused(refusal.reason))?;
        }
        self.graph.values[value.0].quantization = quantization;
        Ok(Held { value, flattened: None, ..held })
    }

    /// Axes in another order.
    pub(super) fn transpose(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let order_of_model = self.integers(source, 1)?;
        if order_of_model.first() != Some(&0) || order_of_model.len() != held.axes.len() + 1 {
            return Err("it moves the batch".into());
        }
        let axes: Option<Vec<_>> = order_of_model[1..]
            .iter()
            .map(|&axis| held.axes.get(usize::try_from(axis).ok()?.checked_sub(1)?).copied())
            .collect();
        let axes = axes.ok_or("it names an axis that its input doesn't have")?;
        let first = order(&axes);
        if first.len() != axes.len() {
            return Err("it moves an axis of size 1 that was added before".into());
        }
        // Channels first again: the last axis of the model is the first one of the value.
        let Some((&last, rest)) = first.split_last() else { return Err("its input is a single number".into()) };
        let moved: Vec<usize> = std::iter::once(last).chain(rest.iter().copied()).collect();
        let quantization = activations(&self.model.tensors[source.outputs[0]])?;
        let mut value = held.value;
        if !moved.is_sorted() {
            value = self.moved(source, Operator::Transpose { axes: moved }, value)?;
            self.graph.values[value.0].quantization = quantization;
        }
        Ok(Held { value, axes: canonical(axes.len()), flattened: None, column: None })
    }

    /// A node that only moves numbers.
    fn moved(&mut self, source: &Source<'_>, operator: Operator, value: ValueId) -> Result<ValueId, Stop> {
        let pushed = self.graph.push("", &operators::name_of(source.code), operator, &[value]);
        pushed.map_err(|refusal| Stop::Refused(refusal.reason))
    }
}
