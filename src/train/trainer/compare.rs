//! Whether all ranks train the same network with the same settings and data.

use super::checkpoint::{Identity, Saving};
use super::settings::Settings;
use crate::data::fingerprint_of;
use crate::error::Error;
use crate::layer::Layer;
use crate::scalar::Scalar;
use crate::train::exchange::{self, Exchange};

/// Compare this rank with the others.
///
/// # Errors
/// [`Error::Ranks`], the same on all ranks.
pub(super) fn compare<N: Layer>(
    exchange: &impl Exchange,
    network: &N,
    settings: &Settings,
    saving: &Saving<'_>,
    identity: Option<&Identity>,
) -> Result<(), Error> {
    if exchange.ranks() == 1 {
        return Ok(());
    }
    let weights = network.parameters().iter().flat_map(|weight| weight.to_f64().to_le_bytes()).collect::<Vec<_>>();
    let hash = |bytes: &[u8]| format!("fingerprint {:016x}", fingerprint_of(bytes));
    let own = [
        ("network", format!("{}, {} weights", N::KIND, N::PARAMETERS)),
        ("layers", hash(format!("{:?}", N::GRAPH).as_bytes())),
        ("initial weights", hash(&weights)),
        ("epochs", settings.epochs.to_string()),
    ];
    let own = own.into_iter().chain(saving.described()).chain(identity.into_iter().flat_map(Identity::fields));
    exchange::compare(exchange, own.map(|(name, value)| (name.into(), value)))
}
