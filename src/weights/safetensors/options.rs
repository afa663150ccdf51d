//! How a file of weights of others is read: what its tensors are called, and of what numbers they may be.

#[cfg(feature = "std")]
use std::path::Path;

#[cfg(feature = "alloc")]
use super::WeightsError;
#[cfg(feature = "std")]
use crate::error::Error;
use crate::weights::parameters::Parameters;

/// How [`load`](Self::load) reads a file of weights: names that differ, numbers of another type.
///
/// Without options, a file has exactly the network's tensors, under its names, in its type, all of them finite; that is what
/// [`Network::load`](crate::Network::load) asks for.
///
/// ```no_run
/// use fnn::weights::LoadOptions;
///
/// fnn::network! {
///     pub struct Mlp: [784] -> [10] {
///         hidden: Dense(32),
///         Relu,
///         logits: Dense(10),
///     }
/// }
///
/// // `nn.Sequential` numbers its layers; `nn.DataParallel` puts `module.` in front of all names.
/// let options = LoadOptions::new().prefix("module.").names(&[("0", "hidden"), ("2", "logits")]).convert(true);
/// let loaded = options.load::<Mlp>("mlp.f64.safetensors")?;
/// println!("rounded by at most {:e}", loaded.largest_rounding);
/// # Ok::<(), fnn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "options read nothing until `load` is called"]
pub struct LoadOptions<'a> {
    pub(super) prefix: &'a str,
    pub(super) names: &'a [(&'a str, &'a str)],
    pub(super) by_order: bool,
    pub(super) convert: bool,
    pub(super) accept_non_finite: bool,
}

impl<'a> LoadOptions<'a> {
    /// No options: the file is of exactly this network.
    pub const fn new() -> Self {
        Self { prefix: "", names: &[], by_order: false, convert: false, accept_non_finite: false }
    }

    /// What comes before each name in the file: `module.` from `nn.DataParallel`, `model.` from a model that is a field.
    pub const fn prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// What layers and tensors are called here that the file calls otherwise: pairs of the file's name, which is one segment
    /// or more from the start, and of this network's.
    ///
    /// `("0", "hidden")` reads `0.weight` and `0.bias` as `hidden.weight` and `hidden.bias`, and leaves `01.weight` alone.
    /// The first pair that fits counts. The prefix is taken away before.
    pub const fn names(mut self, names: &'a [(&'a str, &'a str)]) -> Self {
        self.names = names;
        self
    }

    /// Match layers by their order instead of their names: the first layer of the file that has tensors is the first layer
    /// of the network that has weights, and so on. Within a layer, tensors are matched by their names (`weight`, `bias`).
    ///
    /// The file doesn't know in what order layers compute, but `nn.Sequential` numbers them, and 2 comes before 10. A layer
    /// that isn't numbered among its neighbours is an error: [`names`](Self::names) tells which it is.
    pub const fn by_order(mut self, by_order: bool) -> Self {
        self.by_order = by_order;
        self
    }

    /// Accept numbers of type `F16`, `BF16`, `F32` and `F64`, and convert them to the network's.
    ///
    /// Only from `F64` to `f32` numbers are rounded; by how much is told. One that is too large counts as infinite.
    pub const fn convert(mut self, convert: bool) -> Self {
        self.convert = convert;
        self
    }

    /// Accept weights that are NaN or infinite. Otherwise the first one is an error.
    pub const fn accept_non_finite(mut self, accept: bool) -> Self {
        self.accept_non_finite = accept;
        self
    }

    /// Take the weights from the bytes of a file. Allocates nothing. Gives the largest rounding.
    ///
    /// # Errors
    /// [`WeightsError`](super::WeightsError) where the file isn't of the network's weights. These then stay as they are.
    pub fn read<P: Parameters>(self, weights: &mut P, file: &'a [u8]) -> Result<f64, super::WeightsError<'a>> {
        super::read(weights, file, self)
    }

    /// A network with the weights of a file's bytes, built in place on the heap.
    ///
    /// # Errors
    /// As those of [`read`](Self::read).
    #[cfg(feature = "alloc")]
    pub fn load_from_bytes<P: Parameters>(self, file: &'a [u8]) -> Result<Loaded<P>, WeightsError<'a>> {
        let mut network = P::zeroed_box();
        let largest_rounding = self.read(&mut *network, file)?;
        Ok(Loaded { network, largest_rounding })
    }

    /// A network with the weights of a file, built in place on the heap.
    ///
    /// No more of the file is read than fits the network.
    ///
    /// # Errors
    /// [`Error::File`] where the file can't be read, [`Error::Weights`] where it is no safetensors file of the network's
    /// weights: all differences at once.
    #[cfg(feature = "std")]
    pub fn load<P: Parameters>(self, path: impl AsRef<Path>) -> Result<Loaded<P>, Error> {
        super::file::load(path.as_ref(), self)
    }
}

/// A network that was read from a file.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded<P> {
    /// The network.
    pub network: alloc::boxed::Box<P>,
    /// By how much a weight was rounded at most, where [`LoadOptions::convert`] rounded some. 0 otherwise.
    pub largest_rounding: f64,
}
