//! Pools, padding and repetition: layers without weights that know rows and columns.

use super::{Held, Lowering, Source, Stop, operators, sample};
use crate::graph::Operator;

impl Lowering<'_> {
    /// The largest number or the mean of each window. Padding counts in neither.
    pub(super) fn pool(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let options = source.options.ok_or("it has no options")?;
        let size =
            |number| usize::try_from(options.integer(number, 0)?).map_err(|_| String::from("its window is below 0"));
        let strides = [options.integer(2, 0)?, options.integer(1, 0)?];
        let windows = self.windows(&held, options.byte(0)?, [size(4)?, size(3)?], strides, [1, 1])?;
        let operator = if source.code == operators::MAX_POOL_2D {
            Operator::MaxPool { windows }
        } else {
            Operator::AveragePool { windows, count_padding: false }
        };
        self.finish(source, operator, &[held.value], held.axes, options.byte(5)?)
    }

    /// The mean or the largest number of each channel.
    pub(super) fn global_pool(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let rank = i64::try_from(held.axes.len()).unwrap_or_default();
        let mut axes = self.integers(source, 1)?;
        for axis in &mut axes {
            *axis += if *axis < 0 { rank + 1 } else { 0 };
        }
        axes.sort_unstable();
        if rank < 2 || !axes.iter().copied().eq(1..rank) {
            return Err("it is supported over all rows and columns of each channel only".into());
        }
        let operator = match source.code {
            operators::MEAN => Operator::GlobalAveragePool,
            _ => Operator::GlobalMaxPool,
        };
        let output = sample(&self.model.tensors[source.outputs[0]])?;
        let axes = output.iter().skip(1).map(|_| None).chain([Some(0)]).collect();
        self.finish(source, operator, &[held.value], axes, 0)
    }

    /// Zeros before and after rows and columns.
    pub(super) fn pad(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let padding = self.integers(source, 1)?;
        let size = |&size: &i64| usize::try_from(size).map_err(|_| "its padding is below 0");
        let padding = padding.iter().map(size).collect::<Result<Vec<_>, _>>()?;
        let (padding, _) = padding.as_chunks::<2>();
        let shape = self.graph.shape(held.value);
        let mut ends = vec![(0, 0); shape.len() - 1];
        let named = [None].iter().chain(&held.axes).zip(padding);
        for (axis, &[before, after]) in named {
            match axis {
                _ if before == 0 && after == 0 => {}
                Some(axis @ 1..) => ends[axis - 1] = (before, after),
                _ => return Err("it pads something else than rows and columns".into()),
            }
        }
        if padding.len() != held.axes.len() + 1 {
            return Err("its padding doesn't fit its input".into());
        }
        self.finish(source, Operator::ZeroPad { padding: ends }, &[held.value], held.axes, 0)
    }

    /// Every number repeated along rows and columns, or interpolation between them.
    pub(super) fn resize(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let sizes = self.integers(source, 1)?;
        let shape = self.graph.shape(held.value);
        let (places, [rows, columns]) = (&held.axes[..held.axes.len() - 1], &sizes[..]) else {
            return Err("it is supported for rows and columns only".into());
        };
        let mut wanted = shape[1..].to_vec();
        for (&axis, &size) in places.iter().zip([rows, columns]) {
            let Some(axis) = axis else { continue };
            wanted[axis - 1] = usize::try_from(size).ok().filter(|&size| size > 0).ok_or("its size is below 1")?;
        }
        let on = |index| source.options.is_some_and(|options| options.byte(index).is_ok_and(|on| on != 0));
        let operator = if source.code == operators::RESIZE_BILINEAR {
            interpolation(wanted, on(2), on(3))?
        } else {
            repetition(&shape[1..], &wanted, on(0))?
        };
        self.finish(source, operator, &[held.value], held.axes, 0)
    }

    /// Rows or columns repeated, as Keras writes it: a new axis of size 1 behind one, repeated, and joined with it.
    pub(super) fn tile(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let repeats = self.integers(source, 1)?;
        let shape = sample(&self.model.tensors[source.inputs[0].ok_or("it has no input")?])?;
        let repeated: Vec<_> = repeats.iter().skip(1).enumerate().filter(|&(_, &count)| count != 1).collect();
        let (&[(axis, &count)], Some(1)) = (&repeated[..], repeats.first()) else {
            return Err("it repeats more than one axis".into());
        };
        let count = usize::try_from(count).ok().filter(|&count| count > 0).ok_or("it repeats nothing")?;
        // The axis before the new one is that of the value, if it was renamed and not moved.
        let before = axis.checked_sub(1).and_then(|before| held.axes.get(before).copied().flatten());
        let (Some(before @ 1..), Some(None), Some(1)) = (before, held.axes.get(axis), shape.get(axis)) else {
            return Err("it is supported where it repeats rows or columns only".into());
        };
        let value = held.value;
        let mut factors = vec![1; self.graph.shape(value).len() - 1];
        factors[before - 1] = count;
        // Rows have just been repeated, and this repeats columns: together they are one layer.
        let quantization = self.graph.values[value.0].quantization.clone();
        let last = self.graph.maker(value).map(|maker| &self.graph.nodes[maker]);
        let value = match last.map(|node| (&node.operator, node.inputs[0])) {
            Some((Operator::Upsample { factors: before }, from)) => {
                let both = before.iter().zip(&factors).map(|(before, factor)| before * factor).collect();
                self.push(source, Operator::Upsample { factors: both }, &[from])?
            }
            _ => self.push(source, Operator::Upsample { factors }, &[value])?,
        };
        self.graph.values[value.0].quantization = quantization;
        Ok(Held { value, ..held })
    }
}

/// Linear interpolation, with these options.
fn interpolation(sizes: Vec<usize>, aligned: bool, centered: bool) -> Result<Operator, String> {
    match (aligned, centered) {
        (true, false) => Ok(Operator::Resize { sizes, align_corners: true }),
        (false, true) => Ok(Operator::Resize { sizes, align_corners: false }),
        _ => Err("it aligns neither corners nor the centers of elements".into()),
    }
}

/// Elements repeated a whole number of times.
fn repetition(from: &[usize], to: &[usize], aligned: bool) -> Result<Operator, String> {
    if aligned {
        return Err("it aligns corners".into());
    }
    let factor = |(&from, &to): (&usize, &usize)| match to / from {
        factor @ 1.. if factor * from == to => Ok(factor),
        _ => Err(format!("{from} rows or columns become {to}, which isn't a multiple")),
    };
    Ok(Operator::Upsample { factors: from.iter().zip(to).map(factor).collect::<Result<_, _>>()? })
}
