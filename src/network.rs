//! What a user does with a network: build it, ask it, look at it.

pub(crate) mod fold;
pub(crate) mod summary;

pub use crate::layer::Row;
pub use fold::{FoldBatchNorm, Folded};
pub use summary::Summary;

use crate::kernels::{dispatch, operation};
use crate::layer::Layer;
use crate::pod::Pod;
use crate::random::Random;
use crate::shape::{first, first_mut};
use crate::train::gradient_buffers::GradientBuffers;
use crate::weights::initializer::Initializer;
use crate::weights::{LoadOptions, WeightsError, safetensors};

/// What every [`Layer`] can do for its user. A network that `network!` made is a layer, and so has all of it.
pub trait Network: Layer {
    /// Bytes of weights: what the network takes in flash.
    const FLASH: usize = size_of::<Self>();
    /// Bytes of RAM that inference on one sample needs on a chip, beside the weights and what goes in and comes out: two
    /// buffers that the layers' outputs take in turn, and the scratch of the layer that needs most of it.
    ///
    /// It is the same on every target. What vector instructions need besides (convolutions, with the feature `simd`) is
    /// part of [`WORKSPACE`](Self::WORKSPACE) alone.
    const RAM_INFERENCE: usize = Self::WORKSPACE - <Self::Workspace<1> as Pod>::VECTOR_SCRATCH;
    /// Bytes of RAM that training by one sample at a time needs on a chip: the weights, their gradient, and
    /// [`GradientBuffers`] without what vector instructions need. An optimizer remembers [`FLASH`](Self::FLASH) bytes
    /// more for each of its slots.
    const RAM_TRAINING: usize =
        2 * Self::FLASH + size_of::<GradientBuffers<Self, 1>>() - Self::WORKSPACE + Self::RAM_INFERENCE;
    /// Bytes that inference on one sample works in on this target: [`RAM_INFERENCE`](Self::RAM_INFERENCE), and what vector
    /// instructions need. [`forward`](Self::forward) takes them from the stack.
    const WORKSPACE: usize = size_of::<Self::Workspace<1>>();

    /// A network with its first weights, drawn by each layer's [`Initializer`].
    ///
    /// One seed gives the same weights on every platform. The network passes through the stack, which is why this is
    /// a compile error above 128 KiB of weights: there, [`boxed`](Self::boxed) builds it in place on the heap.
    #[must_use]
    fn seeded(seed: u64) -> Self {
        const { assert_small::<Self>() }
        let mut network = Self::zeroed();
        network.initialize(Initializer::DEFAULT, &mut Random::new(seed));
        network
    }

    /// [`seeded`](Self::seeded), built in place on the heap, whatever its size.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn boxed(seed: u64) -> alloc::boxed::Box<Self> {
        let mut network = Self::zeroed_box();
        network.initialize(Initializer::DEFAULT, &mut Random::new(seed));
        network
    }

    /// Inference on one sample. Allocates nothing.
    ///
    /// It works in [`WORKSPACE`](Self::WORKSPACE) bytes of the stack. Where they and the output are more than 512 KiB,
    /// that is a compile error: there, use [`forward_all`](Self::forward_all), or [`forward_into`](Self::forward_into)
    /// with memory of your own.
    ///
    /// ```
    /// use fnn::{Layer, layers::Pod};
    ///
    /// fnn::network! {
    ///     struct Blur: [1, 512, 512] { Conv2d(2, kernel = 3, padding = same), Conv2d(1, kernel = 3, padding = same) }
    /// }
    ///
    /// let blur = Blur::seeded(1);
    /// let photos = vec![[[[0.5; 512]; 512]; 1]; 2];
    /// let mut blurred = photos.clone();
    /// let mut workspace = <Blur as Layer>::Workspace::<1>::zeroed_box();
    /// blur.forward_into(&photos, &mut blurred, &mut workspace);
    /// assert_eq!(blurred, blur.forward_all(&photos));
    /// ```
    #[inline]
    #[must_use]
    fn forward(&self, input: &Self::Input) -> Self::Output {
        const { assert_forward_fits::<Self>() }
        forward(self, input)
    }

    /// Inference of a batch of any size, `B` samples at a time. Allocates nothing.
    ///
    /// As many samples are computed as there are both inputs and outputs.
    fn forward_into<const B: usize>(
        &self,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        workspace: &mut Self::Workspace<B>,
    ) {
        dispatch(Forward::<Self, B> { network: self, inputs, outputs, workspace });
    }

    /// Inference of a batch of any size.
    ///
    /// Runs on `rayon`'s threads where there is enough to do. The result doesn't depend on their number.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn forward_all(&self, inputs: &[Self::Input]) -> alloc::vec::Vec<Self::Output> {
        let mut outputs = alloc::vec![Pod::zeroed(); inputs.len()];
        for_each_part::<Self>(inputs, &mut outputs, &|inputs, outputs| {
            let mut workspace = Self::Workspace::<BLOCK>::zeroed_box();
            self.forward_into::<BLOCK>(inputs, outputs, &mut workspace);
        });
        outputs
    }

    /// Take the weights from the bytes of a safetensors file, as [`save`](Self::save) writes one. Allocates nothing.
    ///
    /// # Errors
    /// [`WeightsError`] where they are not the bytes of such a file of exactly this network's weights, each array of its
    /// name, its shape and its type, all numbers finite. The weights then stay as they are.
    /// [`LoadOptions::read`](crate::weights::LoadOptions::read) accepts other names and types.
    ///
    /// ```
    /// use fnn::{Network, Parameters, layers::Dense};
    ///
    /// let mut network = Dense::<2, 3>::zeroed();
    /// let error = network.read_weights(b"\x02\0\0\0\0\0\0\0{}").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "weight: expected a tensor of shape [3, 2], found none\n\
    ///      bias: expected a tensor of shape [3], found none"
    /// );
    /// ```
    fn read_weights<'a>(&mut self, file: &'a [u8]) -> Result<(), WeightsError<'a>> {
        safetensors::read(self, file, LoadOptions::new()).map(|_| ())
    }

    /// [`read_weights`](Self::read_weights) into a network that is built in place on the heap.
    ///
    /// # Errors
    /// As those of [`read_weights`](Self::read_weights).
    #[cfg(feature = "alloc")]
    fn load_from_bytes(file: &[u8]) -> Result<alloc::boxed::Box<Self>, WeightsError<'_>> {
        let mut network = Self::zeroed_box();
        network.read_weights(file)?;
        Ok(network)
    }

    /// A network with the weights of a safetensors file, built in place on the heap: one that [`save`](Self::save) has
    /// written, or a `state_dict` of PyTorch's with the same names.
    ///
    /// No more of the file is read than fits the network. [`LoadOptions`] accepts other names
    /// and types.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) where the file can't be read, [`Error::Weights`](crate::Error::Weights) where it
    /// is no safetensors file of exactly this network's weights, each array of its name, its shape and its type, all
    /// numbers finite: all differences at once.
    #[cfg(feature = "std")]
    fn load(path: impl AsRef<std::path::Path>) -> Result<alloc::boxed::Box<Self>, crate::Error> {
        LoadOptions::new().load(path).map(|loaded| loaded.network)
    }

    /// Write the weights to a safetensors file: each array by its dotted name (`conv1.weight`), in PyTorch's convention.
    ///
    /// PyTorch's `load_state_dict` takes the file for a module with the same names: dense weights are written as
    /// `[out, in]`, and the count of a [`BatchNorm`](crate::layers::BatchNorm) as an integer.
    ///
    /// The file appears whole or not at all: it is written beside, and renamed when it is on the disk. A file that was
    /// there is replaced and its permissions are kept; a symbolic link is followed.
    /// [`include_network!`](crate::include_network) makes the file a constant of another program.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) where the file can't be written, or is a pipe, a device or a directory.
    #[cfg(feature = "std")]
    fn save(&self, path: impl AsRef<std::path::Path>) -> Result<(), crate::Error> {
        safetensors::save(self, path.as_ref())
    }

    /// A table of the layers, their shapes and their cost, to print.
    ///
    /// ```
    /// use fnn::{Network, layers::Dense};
    ///
    /// let table = Dense::<2, 3>::summary().to_string();
    /// assert!(table.contains("Dense: [2] -> [3]"));
    /// assert!(table.contains("36 bytes of weights"));
    /// ```
    fn summary() -> Summary {
        Summary::of::<Self>()
    }
}

impl<L: Layer> Network for L {}

/// A compile error for a network that is too large to pass through the stack.
#[track_caller]
const fn assert_small<L>() {
    assert!(
        size_of::<L>() <= 128 * 1024,
        "the network is too large for the stack: build it on the heap with `boxed(seed)`"
    );
}

/// A compile error where inference on one sample would take more of the stack than a thread may have left: in a debug
/// build, what is put on the stack may be there three times.
#[doc(hidden)]
#[track_caller]
pub const fn assert_forward_fits<L: Layer>() {
    assert!(
        size_of::<L::Workspace<1>>() + size_of::<L::Output>() <= 512 * 1024,
        "`forward` works on the stack, and this network needs more than 512 KiB there: use `forward_all`, or `forward_into` \
         with a workspace and outputs on the heap or in a `static`"
    );
}

/// [`Network::forward`], for what has made sure that it fits.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn forward<L: Layer>(network: &L, input: &L::Input) -> L::Output {
    let mut output = Pod::zeroed();
    let outputs = core::slice::from_mut(&mut output);
    let mut workspace = Aligned(Pod::zeroed());
    let inputs = core::slice::from_ref(input);
    dispatch(Forward::<L, 1> { network, inputs, outputs, workspace: &mut workspace.0 });
    output
}

/// Samples of one block of a forward pass, where the caller doesn't choose.
#[cfg(feature = "alloc")]
const BLOCK: usize = 32;

/// What computes the outputs of some inputs.
#[cfg(feature = "alloc")]
type Compute<'a, L> = dyn Fn(&[<L as Layer>::Input], &mut [<L as Layer>::Output]) + Sync + 'a;

/// Run `compute` on whole blocks: on a part for each thread, if the work pays for more than one.
#[cfg(feature = "rayon")]
fn for_each_part<L: Layer>(inputs: &[L::Input], outputs: &mut [L::Output], compute: &Compute<'_, L>) {
    use rayon::prelude::*;

    /// Multiply-accumulates below which a second thread costs more than it brings.
    const WORTHWHILE: u64 = 1 << 21;
    let worthwhile = L::MACS.saturating_mul(inputs.len() as u64) >= WORTHWHILE;
    let threads = if worthwhile { crate::threads::available() } else { 1 };
    if threads == 1 {
        return compute(inputs, outputs);
    }
    let part = inputs.len().div_ceil(BLOCK).div_ceil(threads) * BLOCK;
    inputs.par_chunks(part).zip(outputs.par_chunks_mut(part)).for_each(|(inputs, outputs)| compute(inputs, outputs));
}

/// Run `compute` on everything.
#[cfg(all(feature = "alloc", not(feature = "rayon")))]
fn for_each_part<L: Layer>(inputs: &[L::Input], outputs: &mut [L::Output], compute: &Compute<'_, L>) {
    compute(inputs, outputs);
}

/// Where a cache line starts, if vectors are of that size: the processor passes on what was just stored to the next
/// layer's loads at once, unless it lies across two lines.
#[cfg_attr(all(feature = "simd", any(target_arch = "x86_64", target_arch = "aarch64")), repr(align(64)))]
struct Aligned<T>(T);

operation! {
    /// Inference of a batch, block by block, to run with the best instruction set.
    struct Forward<'a, L: Layer; B> {
        network: &'a L,
        inputs: &'a [L::Input],
        outputs: &'a mut [L::Output],
        workspace: &'a mut L::Workspace<B>,
    }
    fn run(self, simd: V) {
        const { assert!(B > 0, "a forward pass needs room for at least one sample") }
        for (inputs, outputs) in self.inputs.chunks(B).zip(self.outputs.chunks_mut(B)) {
            let outputs = first_mut(outputs, inputs.len());
            self.network.forward_batch(simd, first(inputs, outputs.len()), outputs, self.workspace);
        }
    }
}
