//! Planes of one column, or of one row, as sequences.

use super::{Graph, Operator, Window};
use crate::tensor::Tensor;

/// Said of a model whose planes are one element wide.
const SEQUENCES: &str = "The model's planes are one element wide; they are sequences here.";

impl Graph {
    /// If all planes are one element wide, and no window reaches beyond that element, the same graph without that axis: layers
    /// along one axis compute the same numbers, cost less, and take a stream of frames.
    pub(crate) fn narrowed(self) -> Self {
        let narrowed = [2, 1].into_iter().find_map(|axis| self.without_axis(axis));
        narrowed.unwrap_or(self)
    }

    fn without_axis(&self, axis: usize) -> Option<Self> {
        let mut graph = self.clone();
        let computed = self.nodes.iter().map(|node| node.output);
        for value in std::iter::once(self.input).chain(computed) {
            let shape = &mut graph.values[value.0].shape;
            match shape.len() {
                3 if shape[axis] == 1 => {
                    shape.remove(axis);
                }
                0..=2 => {}
                _ => return None,
            }
        }
        let mut windows = 0;
        for node in &mut graph.nodes {
            let [input, output] = [node.inputs[0], node.output].map(|value| self.shape(value).len());
            if input == 3 || output == 3 {
                windows += usize::from(node.operator.slides_over_planes());
                node.operator = node.operator.without_axis(axis, input)?;
            }
        }
        if windows == 0 {
            return None;
        }
        // The axis of the model that isn't declared.
        for axes in [&mut graph.input_axes, &mut graph.output_axes].into_iter().flatten() {
            if axes.len() == 3 {
                axes.remove(axis);
            }
        }
        graph.notes.push(SEQUENCES.into());
        Some(graph)
    }
}

impl Operator {
    fn slides_over_planes(&self) -> bool {
        matches!(
            self,
            Self::Conv { windows, .. } | Self::MaxPool { windows } | Self::AveragePool { windows, .. } if windows.len() == 2
        )
    }

    /// The operator on samples without an axis of size 1, if it is one.
    fn without_axis(&self, axis: usize, rank: usize) -> Option<Self> {
        let place = axis - 1;
        let mut operator = self.clone();
        match &mut operator {
            Self::Conv { weight, windows, .. } => {
                take_window(windows, place)?;
                weight.shape.remove(axis + 1);
            }
            Self::MaxPool { windows } | Self::AveragePool { windows, .. } => take_window(windows, place)?,
            Self::Upsample { factors } => (factors.remove(place) == 1).then_some(())?,
            Self::Resize { sizes, .. } => (sizes.remove(place) == 1).then_some(())?,
            Self::ZeroPad { padding } => (padding.remove(place) == (0, 0)).then_some(())?,
            Self::Reshape { shape } if shape.len() == 3 => {
                shape.remove(axis);
            }
            Self::Scale { weight, bias } => {
                weight.shape.remove(axis);
                bias.shape.remove(axis);
            }
            Self::LayerNorm { weight, bias, .. } => {
                take_axis(weight, axis, rank)?;
                take_axis(bias, axis, rank)?;
            }
            Self::RmsNorm { weight, .. } => take_axis(weight, axis, rank)?,
            Self::Softmax { axes } | Self::LogSoftmax { axes } if axis >= rank - *axes => {
                *axes = axes.checked_sub(1).filter(|&axes| axes > 0)?;
            }
            Self::Transpose { .. } => return None,
            _ => {}
        }
        Some(operator)
    }
}

/// Removes the window along an axis of size 1, if it takes that element alone.
fn take_window(windows: &mut Vec<Window>, place: usize) -> Option<()> {
    let window = windows.remove(place);
    (window.kernel == 1 && window.padding == (0, 0)).then_some(())
}

/// Removes an axis of a constant for the last axes of a value, if it has that one, and not that one alone.
fn take_axis(constant: &mut Tensor, axis: usize, rank: usize) -> Option<()> {
    let first = rank - constant.shape.len();
    if axis >= first {
        constant.shape.remove(axis - first);
    }
    (!constant.shape.is_empty()).then_some(())
}
