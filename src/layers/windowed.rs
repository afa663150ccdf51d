//! The windows of convolutions and pools, as attributes.

use core::marker::PhantomData;

use crate::image::Image;
use crate::shape::Shape;
use crate::window::Windows;

/// A window that slides over a sample `I`: its sizes, one for each axis after the channels.
pub(super) struct Windowed<I, K>(PhantomData<(I, K)>);

impl<I: Image, K: Windows> Windowed<I, K> {
    pub(super) const KERNEL: Shape = per_axis::<I>(K::ROWS.kernel, K::COLUMNS.kernel);
    pub(super) const STRIDE: Shape = per_axis::<I>(K::ROWS.stride, K::COLUMNS.stride);
    pub(super) const DILATION: Shape = per_axis::<I>(K::ROWS.dilation, K::COLUMNS.dilation);
    pub(super) const BEFORE: Shape = per_axis::<I>(K::ROWS.before, K::COLUMNS.before);
    pub(super) const AFTER: Shape = per_axis::<I>(K::ROWS.after, K::COLUMNS.after);
}

/// A size for each axis after the channels: `[rows, columns]` of an image, `[columns]` of a sequence.
pub(super) const fn per_axis<I: Image>(rows: usize, columns: usize) -> Shape {
    let columns = Shape::SCALAR.repeated(columns);
    if I::SHAPE.rank() == 2 { columns } else { columns.repeated(rows) }
}
