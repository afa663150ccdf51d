//! Options for loading files of weights with other names or number types.

#[cfg(feature = "std")]
use std::path::Path;

#[cfg(feature = "alloc")]
use super::WeightsError;
#[cfg(feature = "std")]
use crate::error::Error;
use crate::weights::parameters::Parameters;

/// Options for [`load`](Self::load): files with other names or another number type.
///
/// By default, a file must have exactly the network's tensors, with their names and type, and only finite numbers, as
/// for [`Network::load`](crate::Network::load).
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
    /// The defaults: the file matches the network exactly.
    pub const fn new() -> Self {
        Self { prefix: "", names: &[], by_order: false, convert: false, accept_non_finite: false }
    }

    /// A prefix that all names in the file have: `module.` from `nn.DataParallel`, or `model.` from a model that is a
    /// field.
    pub const fn prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Map names of layers and tensors: pairs of the name in the file, one or more segments from the start, and the
    /// network's name.
    ///
    /// `("0", "hidden")` reads `0.weight` and `0.bias` as `hidden.weight` and `hidden.bias`, and does not affect
    /// `01.weight`. The first matching pair applies. The prefix is removed first.
    pub const fn names(mut self, names: &'a [(&'a str, &'a str)]) -> Self {
        self.names = names;
        self
    }

    /// Match layers by order instead of by name: the first layer in the file that has tensors is the first layer of
    /// the network that has weights, and so on. Within a layer, tensors are matched by name (`weight`, `bias`).
    ///
    /// Files do not record the order of layers, but `nn.Sequential` numbers them; the order is numeric, so 2 comes
    /// before 10. A layer without a number among its siblings is an error; use [`names`](Self::names) for it.
    pub const fn by_order(mut self, by_order: bool) -> Self {
        self.by_order = by_order;
        self
    }

    /// Accept numbers of type `F16`, `BF16`, `F32` and `F64`, and convert them to the network's type.
    ///
    /// Only the conversion from `F64` to `f32` rounds, and the result reports by how much. A number that overflows
    /// counts as infinite.
    pub const fn convert(mut self, convert: bool) -> Self {
        self.convert = convert;
        self
    }

    /// Accept weights that are NaN or infinite. By default they are an error.
    pub const fn accept_non_finite(mut self, accept: bool) -> Self {
        self.accept_non_finite = accept;
        self
    }

    /// Read the weights from the bytes of a file. Does not allocate. Returns the largest rounding error.
    ///
    /// # Errors
    /// [`WeightsError`](super::WeightsError) if the file does not match the network. The weights are then unchanged.
    pub fn read<P: Parameters>(self, weights: &mut P, file: &'a [u8]) -> Result<f64, super::WeightsError<'a>> {
        super::read(weights, file, self)
    }

    /// Load a network from the bytes of a file, built in place on the heap.
    ///
    /// # Errors
    /// Same as [`read`](Self::read).
    #[cfg(feature = "alloc")]
    pub fn load_from_bytes<P: Parameters>(self, file: &'a [u8]) -> Result<Loaded<P>, WeightsError<'a>> {
        let mut network = P::zeroed_box();
        let largest_rounding = self.read(&mut *network, file)?;
        Ok(Loaded { network, largest_rounding })
    }

    /// Load a network from a file, built in place on the heap.
    ///
    /// Reads no more of the file than the network needs.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Weights`] unless it is a safetensors file of the network's
    /// weights. The error lists all differences.
    #[cfg(feature = "std")]
    pub fn load<P: Parameters>(self, path: impl AsRef<Path>) -> Result<Loaded<P>, Error> {
        super::file::load(path.as_ref(), self)
    }
}

/// A network loaded from a file.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded<P> {
    /// The network.
    pub network: alloc::boxed::Box<P>,
    /// The largest rounding error of a weight, if [`LoadOptions::convert`] rounded any. Otherwise 0.
    pub largest_rounding: f64,
}
