//! The user's view of a network: create it, run it, load and save its weights, print it.

#[cfg(feature = "alloc")]
pub(crate) mod block;
pub(crate) mod fold;
pub(crate) mod summary;

pub use fold::{FoldBatchNorm, Folded};
pub use summary::Summary;

use crate::chunks::Chunks;
use crate::graph::Node;
#[cfg(feature = "rayon")]
use crate::kernels::Divisible;
use crate::kernels::{dispatch, operation};
use crate::layer::{Layer, is_tiny};
use crate::pod::{Aligned, Pod, with_memory, zeroed};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::{first, first_mut};
#[cfg(feature = "rayon")]
use crate::threads;
use crate::train::gradient_buffers::GradientBuffers;
use crate::weights::initializer::Initializer;
use crate::weights::{LoadOptions, WeightsError, safetensors};
#[cfg(feature = "alloc")]
use block::{BLOCK, LARGE_BLOCK, reads_many_weights, with_block};

/// The methods of a network. Every [`Layer`] has them, and a network declared with `network!` is a layer.
pub trait Network: Layer {
    /// Size of the weights in bytes: the flash that the network needs.
    const FLASH: usize = size_of::<Self>();
    /// RAM in bytes that inference on one sample needs on a microcontroller, in addition to the weights, the input and
    /// the output: two buffers that layers write to in turn, and the scratch memory of the layer that needs the most. A
    /// block counts as one layer; its scratch is what is inside of it.
    ///
    /// The value is the same on every target. The extra scratch memory of vectorized convolutions (feature `simd`) is
    /// only part of [`WORKSPACE`](Self::WORKSPACE).
    const RAM_INFERENCE: usize = Self::WORKSPACE - <Self::Workspace<1> as Pod>::VECTOR_SCRATCH;
    /// RAM in bytes that training on one sample at a time needs on a microcontroller: the weights, their gradient, and
    /// [`GradientBuffers`] without the extra scratch memory of vectorized layers. An optimizer needs another
    /// [`FLASH`](Self::FLASH) bytes for each of its slots.
    const RAM_TRAINING: usize = 2 * Self::FLASH + GradientBuffers::<Self, 1>::BYTES
        - <Self::TrainingWorkspace<1> as Pod>::VECTOR_SCRATCH
        - <Self::Tape<1> as Pod>::VECTOR_SCRATCH;
    /// Memory in bytes that inference on one sample needs on this target: [`RAM_INFERENCE`](Self::RAM_INFERENCE), and
    /// the extra scratch memory of vectorized layers. [`forward`](Self::forward) takes it from the stack.
    const WORKSPACE: usize = size_of::<Self::Workspace<1>>();

    /// Create a network with random initial weights, drawn by each layer's [`Initializer`].
    ///
    /// The same seed gives the same weights on every platform. The network is returned by value, through the stack, so
    /// this is a compile error above 128 KiB of weights; [`boxed`](Self::boxed) builds it in place on the heap
    /// instead.
    #[must_use]
    fn seeded(seed: u64) -> Self {
        const { assert_small::<Self>() }
        let mut network = Self::zeroed();
        network.initialize(Initializer::DEFAULT, &mut Random::new(seed));
        network
    }

    /// Replace all weights by the initial ones that [`seeded`](Self::seeded) returns, in place: in a `static` of any
    /// size, without a copy on the stack.
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// fnn::network! {
    ///     #[derive(PartialEq)]
    ///     struct Net: [4] -> [2] { Dense(8), Tanh, Dense(2) }
    /// }
    ///
    /// static NET: Mutex<Net> = Mutex::new(Net::zeroed());
    ///
    /// NET.lock().unwrap().reseed(1);
    /// assert!(*NET.lock().unwrap() == Net::seeded(1));
    /// ```
    fn reseed(&mut self, seed: u64) {
        self.parameters_mut().fill(Scalar::ZERO);
        self.initialize(Initializer::DEFAULT, &mut Random::new(seed));
    }

    /// [`seeded`](Self::seeded), built in place on the heap, for networks of any size.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn boxed(seed: u64) -> alloc::boxed::Box<Self> {
        let mut network = Self::zeroed_box();
        network.initialize(Initializer::DEFAULT, &mut Random::new(seed));
        network
    }

    /// Run inference on one sample. Does not allocate.
    ///
    /// The working memory, [`WORKSPACE`](Self::WORKSPACE) bytes, is on the stack. It is a compile error if that and
    /// the output exceed 512 KiB; use [`forward_all`](Self::forward_all) then, or [`forward_into`](Self::forward_into)
    /// with your own buffers.
    ///
    /// ```
    /// use fnn::layers::{Layer, zeroed_box};
    ///
    /// fnn::network! {
    ///     struct Blur: [1, 512, 512] { Conv2d(2, kernel = 3, padding = same), Conv2d(1, kernel = 3, padding = same) }
    /// }
    ///
    /// let blur = Blur::seeded(1);
    /// let photos = vec![[[[0.5; 512]; 512]; 1]; 2];
    /// let mut blurred = photos.clone();
    /// let mut workspace = zeroed_box::<<Blur as Layer>::Workspace<1>>();
    /// blur.forward_into(&photos, &mut blurred, &mut workspace);
    /// assert_eq!(blurred, blur.forward_all(&photos));
    /// ```
    #[inline]
    #[must_use]
    fn forward(&self, input: &Self::Input) -> Self::Output {
        const { assert_forward_fits::<Self>() }
        forward(self, input)
    }

    /// Run inference on a batch of any size, `B` samples at a time. Does not allocate.
    ///
    /// Computes `min(inputs.len(), outputs.len())` samples.
    fn forward_into<const B: usize>(
        &self,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        workspace: &mut Self::Workspace<B>,
    ) {
        dispatch(Forward::<Self, B> { network: self, inputs, outputs, workspace });
    }

    /// Run inference on a batch of any size.
    ///
    /// Uses `rayon`'s threads if the batch is large enough. The result does not depend on their number.
    #[cfg(feature = "alloc")]
    #[must_use]
    fn forward_all(&self, inputs: &[Self::Input]) -> alloc::vec::Vec<Self::Output> {
        let mut outputs = alloc::vec![zeroed(); inputs.len()];
        for_each_part::<Self>(inputs, &mut outputs, &|inputs, outputs| {
            // No more of them are compiled than a network needs.
            if const { reads_many_weights::<Self>() } && inputs.len() > BLOCK {
                forward_blocks::<Self, LARGE_BLOCK>(self, inputs, outputs);
            } else {
                with_block!(Self, B => forward_blocks::<Self, B>(self, inputs, outputs));
            }
        });
        outputs
    }

    /// Read the weights from the bytes of a safetensors file, as written by [`save`](Self::save). Does not allocate.
    ///
    /// # Errors
    /// [`WeightsError`] unless the file contains exactly this network's weights: each tensor with its name, shape and
    /// type, and only finite numbers. On error the weights are unchanged.
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
    /// Same as [`read_weights`](Self::read_weights).
    #[cfg(feature = "alloc")]
    fn load_from_bytes(file: &[u8]) -> Result<alloc::boxed::Box<Self>, WeightsError<'_>> {
        let mut network = Self::zeroed_box();
        network.read_weights(file)?;
        Ok(network)
    }

    /// Load a network from a safetensors file, built in place on the heap: a file written by [`save`](Self::save), or
    /// a PyTorch `state_dict` with the same names.
    ///
    /// Reads no more of the file than the network needs. [`LoadOptions`] accepts other names and types.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be read, [`Error::Weights`](crate::Error::Weights)
    /// unless it is a safetensors file of exactly this network's weights: each tensor with its name, shape and type,
    /// and only finite numbers. The error lists all differences.
    #[cfg(feature = "std")]
    fn load(path: impl AsRef<std::path::Path>) -> Result<alloc::boxed::Box<Self>, crate::Error> {
        LoadOptions::new().load(path).map(|loaded| loaded.network)
    }

    /// Save the weights to a safetensors file: each array under its dotted name (`conv1.weight`), in PyTorch's
    /// convention.
    ///
    /// PyTorch's `load_state_dict` reads the file into a module with the same names: dense weights are stored as
    /// `[out, in]`, and the batch count of a [`BatchNorm`](crate::layers::BatchNorm) as an integer.
    ///
    /// The write is atomic: the data goes to a temporary file, which is renamed once it is on disk. An existing file
    /// is replaced and its permissions are kept; symbolic links are followed.
    /// [`include_network!`](crate::include_network) embeds the file in another program as a constant.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be written, or is a pipe, a device or a directory.
    #[cfg(feature = "std")]
    fn save(&self, path: impl AsRef<std::path::Path>) -> Result<(), crate::Error> {
        safetensors::save(self, path.as_ref())
    }

    /// The network's graph: its layers, their attributes, shapes, wiring and weights. See [`graph`](crate::graph).
    ///
    /// It is a constant, `Layer::GRAPH`, and is in a program only if it is used.
    ///
    /// ```
    /// use fnn::{Network, layers::Dense};
    ///
    /// let dense = Dense::<2, 3>::graph();
    /// assert_eq!((dense.kind, dense.count("units"), dense.switch("bias")), ("Dense", Some(3), Some(true)));
    /// ```
    #[must_use]
    fn graph() -> &'static Node {
        const { &Self::GRAPH }
    }

    /// A printable table of the layers, their shapes and their cost.
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

/// A compile error for a network that is too large for the stack.
#[track_caller]
const fn assert_small<L>() {
    assert!(
        size_of::<L>() <= 128 * 1024,
        "the network is too large for the stack: build it on the heap with `boxed(seed)`"
    );
}

/// A compile error if inference on one sample could overflow a thread's stack. A debug build may keep three copies of
/// a stack variable.
#[doc(hidden)]
#[track_caller]
pub const fn assert_forward_fits<L: Layer>() {
    assert!(
        size_of::<L::Workspace<1>>() + size_of::<L::Output>() <= 512 * 1024,
        "`forward` needs more than 512 KiB of stack for this network: use `forward_all`, or `forward_into` \
         with a workspace and outputs on the heap or in a `static`"
    );
}

/// [`Network::forward`], for callers that have checked the size.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn forward<L: Layer>(network: &L, input: &L::Input) -> L::Output {
    if const { size_of::<L::Workspace<1>>() + size_of::<L::Output>() <= FEW } {
        return dispatch(ForwardOne { network, input });
    }
    let mut output = zeroed();
    let outputs = core::slice::from_mut(&mut output);
    let inputs = core::slice::from_ref(input);
    with_memory(|workspace: &mut Aligned<L::Workspace<1>>| {
        dispatch(Forward::<L, 1> { network, inputs, outputs, workspace: &mut workspace.0 });
    });
    output
}

/// Up to this many bytes of memory, an instruction set has its own: stack is reserved for that of each.
const FEW: usize = 2048;

operation! {
    /// Inference on one sample. The memory is part of the operation, so that numbers stay in registers where it is compiled.
    struct ForwardOne<'a, L: Layer;> {
        network: &'a L,
        input: &'a L::Input,
    }
    const IS_TINY = is_tiny::<L>();
    fn run(self, simd: V) -> L::Output {
        let (mut output, mut workspace) = (zeroed(), Aligned(zeroed()));
        let (inputs, outputs) = (core::slice::from_ref(self.input), core::slice::from_mut(&mut output));
        self.network.forward_batch::<V, 1>(simd, inputs, outputs, &mut workspace.0);
        output
    }
}

/// Inference on a batch, `B` samples at a time.
#[cfg(feature = "alloc")]
fn forward_blocks<L: Layer, const B: usize>(network: &L, inputs: &[L::Input], outputs: &mut [L::Output]) {
    let mut workspace = crate::pod::zeroed_box::<Aligned<L::Workspace<B>>>();
    dispatch(Forward::<L, B> { network, inputs, outputs, workspace: &mut workspace.0 });
}

/// Computes the outputs for some inputs.
#[cfg(feature = "alloc")]
type Compute<'a, L> = dyn Fn(&[<L as Layer>::Input], &mut [<L as Layer>::Output]) + Sync + 'a;

/// Run `compute` on whole blocks, split across threads if there is enough work.
#[cfg(feature = "rayon")]
fn for_each_part<L: Layer>(inputs: &[L::Input], outputs: &mut [L::Output], compute: &Compute<'_, L>) {
    /// Below this many multiply-accumulates, a second thread costs more than it saves.
    const WORTHWHILE: u64 = 1 << 21;
    let worthwhile = L::MACS.saturating_mul(inputs.len() as u64) >= WORTHWHILE;
    let threads = if worthwhile { threads::available() } else { 1 };
    if threads == 1 {
        return compute(inputs, outputs);
    }
    let part = inputs.len().div_ceil(BLOCK).div_ceil(threads) * BLOCK;
    in_halves::<L>((inputs, outputs), part, compute);
}

/// Run `compute` on parts of this length, the last one possibly shorter, on the threads of the pool. `rayon`'s iterators would be
/// compiled for each network.
#[cfg(feature = "rayon")]
fn in_halves<L: Layer>(samples: (&[L::Input], &mut [L::Output]), part: usize, compute: &Compute<'_, L>) {
    if samples.length() <= part {
        return compute(samples.0, samples.1);
    }
    let (left, right) = samples.halves(part);
    threads::join(&mut || in_halves::<L>((left.0, &mut *left.1), part, compute), &mut || {
        in_halves::<L>((right.0, &mut *right.1), part, compute)
    });
}

/// Run `compute` on everything.
#[cfg(all(feature = "alloc", not(feature = "rayon")))]
fn for_each_part<L: Layer>(inputs: &[L::Input], outputs: &mut [L::Output], compute: &Compute<'_, L>) {
    compute(inputs, outputs);
}

operation! {
    /// Inference on a batch, block by block, dispatched to the best instruction set.
    struct Forward<'a, L: Layer; B> {
        network: &'a L,
        inputs: &'a [L::Input],
        outputs: &'a mut [L::Output],
        workspace: &'a mut L::Workspace<B>,
    }
    const IS_TINY = is_tiny::<L>();
    fn run(self, simd: V) {
        const { assert!(B > 0, "a forward pass needs room for at least one sample") }
        for (inputs, outputs) in self.inputs.parts(B).zip(self.outputs.parts_mut(B)) {
            let outputs = first_mut(outputs, inputs.len());
            self.network.forward_batch(simd, first(inputs, outputs.len()), outputs, self.workspace);
        }
    }
}
