//! Sizes that are known at compile time, or not.

/// A size of a layer: a number, or a type of its own for a constant. Of a kernel with constant sizes, only what they need is compiled.
pub trait Size: Copy {
    /// The size, if it is a constant.
    const CONSTANT: Option<usize>;

    /// The size.
    fn get(self) -> usize;
}

impl Size for usize {
    const CONSTANT: Option<usize> = None;

    #[inline(always)]
    fn get(self) -> usize {
        self
    }
}

/// A size that is known at compile time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant<const N: usize>;

impl<const N: usize> Size for Constant<N> {
    const CONSTANT: Option<usize> = Some(N);

    #[inline(always)]
    fn get(self) -> usize {
        N
    }
}
