//! Memory of which the compiler knows nothing.

use core::hint::black_box;

use fnn::layers::Sample;
use fnn::train::{GradientBuffers, InPlaceBuffers, TrainInPlace};

/// Memory for one test at a time.
static mut MEMORY: [u64; 1 << 17] = [0; 1 << 17];

/// A value of plain numbers, in memory that the next test reuses.
pub(crate) fn any<T>() -> &'static mut T {
    const { assert!(size_of::<T>() <= size_of::<[u64; 1 << 17]>() && align_of::<T>() <= 8) }
    // SAFETY: the memory is large enough and aligned; numbers, of which all tests' types consist, may have any bytes;
    // and the program is never run.
    unsafe { &mut *black_box((&raw mut MEMORY).cast::<T>()) }
}

/// What a network needs to be trained, for mini-batches of `B`.
pub(crate) struct Training<N: TrainInPlace, const B: usize> {
    pub(crate) network: N,
    pub(crate) gradient: N,
    pub(crate) buffers: GradientBuffers<N, B>,
    pub(crate) in_place: InPlaceBuffers<N, B>,
    pub(crate) with_momentum: InPlaceBuffers<N, B, 1>,
    pub(crate) workspace: N::Workspace<B>,
    pub(crate) inputs: [N::Input; B],
    pub(crate) input_gradients: [N::Input; B],
    pub(crate) outputs: [N::Output; B],
    pub(crate) targets: [N::Output; B],
}

/// Everything for a network.
pub(crate) fn training<N: TrainInPlace, const B: usize>() -> &'static mut Training<N, B> {
    any()
}

/// A sample.
pub(crate) fn sample<A: Sample>() -> &'static mut A {
    any()
}

/// The bytes of a file.
pub(crate) fn file() -> &'static [u8] {
    let bytes = any::<[u8; 1 << 12]>();
    bytes.get(..black_box(77)).unwrap_or_default()
}

/// An index that may be out of bounds.
#[cfg(feature = "index")]
pub(crate) fn index() {
    black_box(any::<[u8; 8]>()[black_box(3)]);
}
