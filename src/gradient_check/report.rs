//! The report of a gradient check, tensor by tensor.

use core::fmt::{self, Write};

use super::difference::SMALLEST_VALUE;
use super::place::Place;
use crate::network::summary::width;
use crate::shape::{Sample, Shape};
use crate::weights::name::Name;
use crate::weights::parameters::Parameters;

/// The floor of a comparison, as a share of the largest derivative in the tensor,
const SMALLEST_SHARE: f64 = 1e-2;
/// and as a share of the loss, or of 0.1.
const SMALLEST_PART_OF_LOSS: f64 = 1e-4;

/// The result of a [`gradient_check`](crate::gradient_check()). Print it as a table, or [`assert`](Self::assert) it.
pub struct Report<N> {
    loss: f64,
    gradient: Place<N>,
    /// The numerical derivatives; NaN where there is none.
    derivatives: Place<N>,
    inputs: Deviation,
}

impl<N: Parameters<Scalar = f64>> Report<N> {
    pub(super) fn new(loss: f64, gradient: Place<N>, derivatives: Place<N>, inputs: Deviation) -> Self {
        Self { loss, gradient, derivatives, inputs }
    }

    /// Panic if the gradient of a weight or an input deviates by more than `tolerance`. A correct gradient easily
    /// meets 1e-6.
    ///
    /// # Panics
    /// If a gradient is wrong, or if no element of some tensor could be compared; the message has the names of those
    /// tensors, and the table.
    #[track_caller]
    pub fn assert(&self, tolerance: f64) {
        assert!(
            self.worst() <= tolerance,
            "backpropagation deviates from central differences by more than {tolerance:e} in {}\n{self}",
            Wrong { report: self, tolerance }
        );
    }

    /// The largest deviation of all tensors; infinite if no element of some tensor could be compared.
    pub fn worst(&self) -> f64 {
        let mut worst = 0.0f64;
        self.for_each(&mut |_, deviation| worst = worst.max(deviation.largest()));
        worst
    }

    /// Visit each array of weights by its dotted name, and then `inputs`.
    pub fn for_each(&self, visitor: &mut dyn FnMut(Name<'_>, &Deviation)) {
        let mut derivatives = self.derivatives.parameters();
        self.gradient.for_each(&mut |name, shape, gradient| {
            let (these, rest) = derivatives.split_at(gradient.len().min(derivatives.len()));
            derivatives = rest;
            let mut deviation = Deviation::of(shape);
            deviation.compare(self.loss, 0, gradient, these);
            visitor(name, &deviation);
        });
        visitor(Name::ROOT.field("inputs"), &self.inputs);
    }
}

/// The largest deviation between backpropagation and central differences in one tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// The tensor's shape; for inputs, that of one sample.
    pub shape: Shape,
    /// The number of elements, over all samples.
    pub elements: usize,
    /// The number of elements that were excluded because the loss has a kink there.
    pub excluded: usize,
    /// The index of the largest deviation in the tensor, or across all samples. 0 if there is none.
    pub index: usize,
    /// The deviation there, as [`gradient_check`](crate::gradient_check()) defines it.
    pub deviation: f64,
    /// The gradient from backpropagation there.
    pub gradient: f64,
    /// The derivative from central differences there; NaN if there is none.
    pub derivative: f64,
    samples: bool,
}

impl Deviation {
    const fn of(shape: Shape) -> Self {
        let (gradient, derivative) = (0.0, 0.0);
        Self { shape, elements: 0, excluded: 0, index: 0, deviation: 0.0, gradient, derivative, samples: false }
    }

    pub(super) const fn of_samples<A: Sample>() -> Self {
        Self { samples: true, ..Self::of(A::SHAPE) }
    }

    /// The largest deviation; infinite if no element could be compared.
    #[must_use]
    pub const fn largest(&self) -> f64 {
        if self.excluded < self.elements { self.deviation } else { f64::INFINITY }
    }

    /// Compare elements, starting at index `start` of the tensor.
    pub(super) fn compare(&mut self, loss: f64, start: usize, gradient: &[f64], derivatives: &[f64]) {
        let largest = derivatives.iter().fold(0.0, |largest: f64, derivative| largest.max(derivative.abs()));
        let floor = (SMALLEST_SHARE * largest).max(SMALLEST_PART_OF_LOSS * loss.abs().max(SMALLEST_VALUE));
        for (index, (&gradient, &derivative)) in gradient.iter().zip(derivatives).enumerate() {
            self.elements += 1;
            self.excluded += usize::from(derivative.is_nan());
            let deviation = if !gradient.is_finite() {
                f64::INFINITY
            } else if derivative.is_nan() || gradient == derivative {
                0.0
            } else {
                (gradient - derivative).abs() / gradient.abs().max(derivative.abs()).max(floor)
            };
            if deviation > self.deviation {
                *self = Self { index: start + index, deviation, gradient, derivative, ..*self };
            }
        }
    }

    /// The position of the largest deviation: `[3, 5]`, or for inputs `sample 2 [3, 5]`.
    fn write_place(&self, f: &mut dyn Write) -> fmt::Result {
        let length = self.shape.length().max(1);
        if self.samples {
            write!(f, "sample {} ", self.index / length)?;
        }
        f.write_str("[")?;
        let mut inner = length;
        for (axis, size) in self.shape.sizes().iter().enumerate() {
            inner /= size;
            write!(f, "{}{}", if axis == 0 { "" } else { ", " }, self.index / inner % size)?;
        }
        f.write_str("]")
    }
}

/// The names of the wrong tensors, to print.
struct Wrong<'a, N> {
    report: &'a Report<N>,
    tolerance: f64,
}

impl<N: Parameters<Scalar = f64>> fmt::Display for Wrong<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut result = Ok(());
        self.report.for_each(&mut |name, deviation| {
            if deviation.largest() > self.tolerance && result.is_ok() {
                result = write!(f, "{separator}{name}");
                separator = ", ";
            }
        });
        result
    }
}

const COLUMNS: usize = 7;
const HEAD: [&str; COLUMNS] =
    ["gradient by", "shape", "deviation", "excluded", "largest at", "backpropagation", "differences"];

/// The text of a cell.
fn cell(name: &Name<'_>, row: &Deviation, column: usize, f: &mut dyn Write) -> fmt::Result {
    let compared = row.excluded < row.elements;
    match column {
        0 => write!(f, "{name}"),
        1 => write!(f, "{}", row.shape),
        2 if !compared => f.write_str("unknown"),
        2 => write!(f, "{:.1e}", row.deviation),
        3 => write!(f, "{} of {}", row.excluded, row.elements),
        4.. if row.deviation == 0.0 => Ok(()),
        4 => row.write_place(f),
        5 => write!(f, "{:.9e}", row.gradient),
        _ if row.derivative.is_nan() => f.write_str("excluded"),
        _ => write!(f, "{:.9e}", row.derivative),
    }
}

/// The table: a row for each array of weights, and one for the inputs.
impl<N: Parameters<Scalar = f64>> fmt::Display for Report<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = HEAD.map(str::len);
        let mut excluded = 0;
        self.for_each(&mut |name, row| {
            excluded += row.excluded;
            for (column, widest) in widths.iter_mut().enumerate() {
                *widest = (*widest).max(width(|f| cell(&name, row, column, f)));
            }
        });
        write_row(f, &widths, |column, f| f.write_str(HEAD.get(column).copied().unwrap_or_default()))?;
        let mut result = Ok(());
        self.for_each(&mut |name, row| {
            if result.is_ok() {
                result =
                    f.write_char('\n').and_then(|()| write_row(f, &widths, |column, f| cell(&name, row, column, f)));
            }
        });
        result?;
        if excluded > 0 {
            write!(f, "\nexcluded: the loss has a kink there, such as that of Relu at 0, or is not finite")?;
        }
        Ok(())
    }
}

/// The cells of a row, all but the last one padded.
fn write_row(
    f: &mut fmt::Formatter<'_>,
    widths: &[usize; COLUMNS],
    cell: impl Fn(usize, &mut dyn Write) -> fmt::Result,
) -> fmt::Result {
    for (column, &widest) in widths.iter().enumerate() {
        cell(column, f)?;
        if column + 1 < COLUMNS {
            let space = widest - width(|f| cell(column, f)) + 2;
            write!(f, "{:space$}", "")?;
        }
    }
    Ok(())
}

impl<N: Parameters<Scalar = f64>> fmt::Debug for Report<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
