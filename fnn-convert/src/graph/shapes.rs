//! The shape that an operator gives.

use super::{Operator, Window};
use crate::tensor::Tensor;

/// More elements than any network has that this library is for, and far fewer than overflow.
const MAX_ELEMENTS: usize = 1 << 30;
/// How many tokens there are.
const MAX_TOKENS: usize = 1 << 16;
/// The largest rank of a sample.
pub(crate) const MAX_RANK: usize = 4;

impl Operator {
    /// The output's shape, or why the operator doesn't fit its inputs.
    pub(super) fn output(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let Some((&input, rest)) = inputs.split_first() else { return Err("it has no input".into()) };
        let shape = match self {
            Self::Sum | Self::Concat => return joined(self, input, rest),
            Self::Product => match rest {
                &[other] if other == input || input.first().is_some_and(|&channels| other == [channels]) => {
                    input.to_vec()
                }
                _ => return Err(format!("its inputs {input:?} and {rest:?} don't fit")),
            },
            _ if !rest.is_empty() => return Err("it has more than one input".into()),
            Self::Dense { weight, bias } => dense(input, weight, bias.as_ref())?,
            Self::Conv { weight, bias, windows, groups } => conv(input, weight, bias.as_ref(), windows, *groups)?,
            Self::MaxPool { windows } | Self::AveragePool { windows, .. } => {
                let channels = channels(input)?;
                std::iter::once(Ok(channels)).chain(slid(input, windows)?).collect::<Result<_, _>>()?
            }
            Self::GlobalAveragePool | Self::GlobalMaxPool => vec![channels(input)?],
            Self::BatchNorm { weight, bias, mean, variance, .. } => {
                per_channel(input, &[weight, bias, mean, variance])?
            }
            Self::GroupNorm { groups, weight, bias, .. } => {
                if *groups == 0 || channels(input)? % groups != 0 {
                    return Err(format!("{groups} groups don't divide the channels of {input:?}"));
                }
                per_channel(input, &[weight, bias])?
            }
            Self::Scale { weight, bias } => {
                let fits = weight.shape.len() == input.len()
                    && weight.shape.iter().zip(input).all(|(&size, &whole)| size == 1 || size == whole);
                if !fits || bias.shape != weight.shape {
                    let (weight, bias) = (&weight.shape, &bias.shape);
                    return Err(format!("constants of {weight:?} and {bias:?} don't fit {input:?}"));
                }
                input.to_vec()
            }
            Self::LayerNorm { weight, bias, .. } => last_axes(input, &[weight, bias])?,
            Self::RmsNorm { weight, .. } => last_axes(input, &[weight])?,
            Self::PRelu { slopes } if slopes.shape == [1] => input.to_vec(),
            Self::PRelu { slopes } => per_channel(input, &[slopes])?,
            Self::Softmax { axes } | Self::LogSoftmax { axes } if *axes == 0 || *axes > input.len() => {
                return Err(format!("it is over {axes} axes of {input:?}"));
            }
            Self::LocalResponseNorm { .. } => {
                channels(input)?;
                input.to_vec()
            }
            Self::Activation(_) | Self::Softmax { .. } | Self::LogSoftmax { .. } => input.to_vec(),
            Self::Slice { start, end } => {
                let (channels, places) = input.split_first().ok_or("its input is a single number")?;
                if start >= end || end > channels {
                    return Err(format!("it takes the channels from {start} to {end} of {channels}"));
                }
                std::iter::once(end - start).chain(places.iter().copied()).collect()
            }
            Self::Reshape { shape } => {
                if shape.iter().product::<usize>() != input.iter().product() {
                    return Err(format!("it makes {shape:?} of {input:?}, which has another number of elements"));
                }
                shape.clone()
            }
            Self::Transpose { axes } => {
                let mut sorted = axes.clone();
                sorted.sort_unstable();
                if !sorted.iter().copied().eq(0..input.len()) {
                    return Err(format!("{axes:?} is no order of the axes of {input:?}"));
                }
                axes.iter().map(|&axis| input[axis]).collect()
            }
            Self::Upsample { factors } => on_places(input, factors, |size, factor| size.checked_mul(*factor))?,
            Self::Resize { sizes, .. } => on_places(input, sizes, |_, size| Some(*size))?,
            Self::ZeroPad { padding } => {
                on_places(input, padding, |size, (before, after)| size.checked_add(*before)?.checked_add(*after))?
            }
            Self::Embedding { weight } => match (input, &weight.shape[..]) {
                (_, &[rows, _]) if rows > MAX_TOKENS => {
                    return Err(format!("its table has {rows} rows, and a token is a `u16`, one of {MAX_TOKENS}"));
                }
                (&[tokens], &[_, width]) => vec![tokens, width],
                _ => return Err(format!("it takes a row of tokens, and finds {input:?}")),
            },
        };
        bounded(shape)
    }
}

/// A shape of a sample that can be declared.
pub(crate) fn bounded(shape: Vec<usize>) -> Result<Vec<usize>, String> {
    let elements = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    match elements {
        Some(0) => Err(format!("its shape is {shape:?}, which has no elements")),
        Some(elements) if elements <= MAX_ELEMENTS => match shape.len() {
            1..=MAX_RANK => Ok(shape),
            0 => Err("it is a single number for each sample; a sample has at least one axis".into()),
            _ => Err(format!("its shape is {shape:?} for each sample; a sample has at most {MAX_RANK} axes")),
        },
        _ => Err(format!("its shape is {shape:?}, which is too large")),
    }
}

fn channels(input: &[usize]) -> Result<usize, String> {
    input.first().copied().ok_or_else(|| "its input is a single number".into())
}

fn joined(operator: &Operator, input: &[usize], rest: &[&[usize]]) -> Result<Vec<usize>, String> {
    if rest.is_empty() {
        return Err("it has only one input".into());
    }
    let mut shape = input.to_vec();
    for other in rest {
        let fits = match operator {
            Operator::Sum => *other == input,
            _ => other.len() == input.len() && !input.is_empty() && other[1..] == input[1..],
        };
        if !fits {
            return Err(format!("its inputs {input:?} and {other:?} don't fit"));
        }
        if let Operator::Concat = operator {
            shape[0] = shape[0].checked_add(other[0]).ok_or("it is too large")?;
        }
    }
    bounded(shape)
}

fn dense(input: &[usize], weight: &Tensor, bias: Option<&Tensor>) -> Result<Vec<usize>, String> {
    let [outputs, inputs] = weight.shape[..] else { return Err(format!("its weight is {:?}", weight.shape)) };
    if input != [inputs] {
        return Err(format!("its weight takes [{inputs}], but its input is {input:?}"));
    }
    fits_bias(outputs, bias)?;
    Ok(vec![outputs])
}

fn fits_bias(outputs: usize, bias: Option<&Tensor>) -> Result<(), String> {
    match bias {
        Some(bias) if bias.shape != [outputs] => {
            Err(format!("its weight has {outputs} outputs, but its bias is {:?}", bias.shape))
        }
        _ => Ok(()),
    }
}

fn conv(
    input: &[usize],
    weight: &Tensor,
    bias: Option<&Tensor>,
    windows: &[Window],
    groups: usize,
) -> Result<Vec<usize>, String> {
    let (channels, shape) = (channels(input)?, &weight.shape[..]);
    let &[outputs, each, ref kernel @ ..] = shape else { return Err(format!("its weight is {shape:?}")) };
    if groups == 0 || outputs % groups != 0 || each.checked_mul(groups) != Some(channels) {
        return Err(format!(
            "a weight of {shape:?} in {groups} groups doesn't fit the {channels} channels of {input:?}"
        ));
    }
    if !kernel.iter().copied().eq(windows.iter().map(|window| window.kernel)) {
        return Err(format!("a weight of {shape:?} doesn't fit its kernel"));
    }
    fits_bias(outputs, bias)?;
    std::iter::once(Ok(outputs)).chain(slid(input, windows)?).collect()
}

/// The number of positions on each axis.
fn slid<'a>(input: &'a [usize], windows: &'a [Window]) -> Result<impl Iterator<Item = Result<usize, String>>, String> {
    if !(1..=2).contains(&windows.len()) {
        return Err(format!("it slides along {} axes; one or two are supported", windows.len()));
    }
    if input.len() != windows.len() + 1 {
        return Err(format!("it takes channels and {} further axes, but its input is {input:?}", windows.len()));
    }
    let positions = |(&size, window): (&usize, &Window)| {
        window.positions(size).ok_or_else(|| format!("{window:?} doesn't fit into {size}"))
    };
    Ok(input[1..].iter().zip(windows).map(positions))
}

impl Window {
    /// One element at each position.
    pub(crate) const ELEMENT: Self = Self { kernel: 1, stride: 1, dilation: 1, padding: (0, 0) };

    /// Elements from its first to its last one.
    #[must_use]
    pub fn span(&self) -> Option<usize> {
        self.kernel.checked_sub(1)?.checked_mul(self.dilation)?.checked_add(1)
    }

    /// The number of its positions along an axis of this size.
    #[must_use]
    pub fn positions(&self, size: usize) -> Option<usize> {
        let padded = size.checked_add(self.padding.0)?.checked_add(self.padding.1)?;
        padded.checked_sub(self.span()?)?.checked_div(self.stride)?.checked_add(1)
    }

    /// The padding of `same`: as many positions as strides fit into an axis of this size, the odd one behind it.
    pub(crate) fn same(&self, size: usize) -> Option<(usize, usize)> {
        let last = (size.div_ceil(self.stride).checked_sub(1)?).checked_mul(self.stride)?;
        let total = last.checked_add(self.span()?)?.saturating_sub(size);
        Some((total / 2, total.div_ceil(2)))
    }
}

fn per_channel(input: &[usize], weights: &[&Tensor]) -> Result<Vec<usize>, String> {
    let channels = channels(input)?;
    match weights.iter().find(|weight| weight.shape != [channels]) {
        Some(weight) => Err(format!("it has weights of {:?} for the {channels} channels of {input:?}", weight.shape)),
        None => Ok(input.to_vec()),
    }
}

fn last_axes(input: &[usize], weights: &[&Tensor]) -> Result<Vec<usize>, String> {
    match weights.iter().find(|weight| weight.shape.is_empty() || !input.ends_with(&weight.shape)) {
        Some(weight) => Err(format!("it has weights of {:?} for {input:?}", weight.shape)),
        None => Ok(input.to_vec()),
    }
}

fn on_places<T>(input: &[usize], each: &[T], size: impl Fn(usize, &T) -> Option<usize>) -> Result<Vec<usize>, String> {
    let (channels, places) = input.split_first().ok_or("its input is a single number")?;
    if places.len() != each.len() || each.is_empty() {
        return Err(format!("it has {} axes behind the channels, but its input is {input:?}", each.len()));
    }
    let sizes = places.iter().zip(each).map(|(&place, each)| size(place, each).ok_or("it is too large"));
    Ok(std::iter::once(Ok(*channels)).chain(sizes).collect::<Result<_, _>>()?)
}
