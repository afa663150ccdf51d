//! Whether all ranks train the same network with the same settings and data.

use super::checkpoint::{Identity, Saving};
use super::settings::Settings;
use crate::data::fingerprint_of;
use crate::error::Error;
use crate::graph::Node;
use crate::train::exchange::{self, Exchange};

/// A network without its type.
pub(super) struct Untyped<'a> {
    pub(super) kind: &'static str,
    pub(super) graph: &'static Node,
    /// The number of its weights, and these as bytes.
    pub(super) weights: (usize, &'a [u8]),
}

/// Compare this rank with the others.
///
/// # Errors
/// [`Error::Ranks`], the same on all ranks.
pub(super) fn compare(
    exchange: &dyn Exchange,
    network: &Untyped<'_>,
    settings: &Settings,
    saving: &Saving<'_>,
    identity: Option<&Identity>,
) -> Result<(), Error> {
    if exchange.ranks() == 1 {
        return Ok(());
    }
    let (count, weights) = network.weights;
    let hash = |bytes: &[u8]| format!("fingerprint {:016x}", fingerprint_of(bytes));
    let own = [
        ("network", format!("{}, {count} weights", network.kind)),
        ("layers", hash(format!("{:?}", network.graph).as_bytes())),
        ("initial weights", hash(weights)),
        ("epochs", settings.epochs.to_string()),
    ];
    let own = own.into_iter().chain(saving.described()).chain(identity.into_iter().flat_map(Identity::fields));
    let own: Vec<_> = own.map(|(name, value)| (name.into(), value)).collect();
    exchange::compare(exchange, &own)
}
