//! Whether all ranks train the same network with the same settings and data.

use super::checkpoint::{Identity, Saving};
use super::settings::Settings;
use crate::data::fingerprint_of;
use crate::error::{Error, Mismatch};
use crate::layer::Layer;
use crate::scalar::Scalar;
use crate::train::exchange::{Exchange, gather_texts};

/// Between the name of a field and its value, and after the value: in no text.
const SEPARATORS: [char; 2] = ['\u{1f}', '\u{1e}'];

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
    let [between, after] = SEPARATORS;
    let text: String = own.map(|(name, value)| format!("{name}{between}{value}{after}")).collect();
    let texts = gather_texts(exchange, &text)?;
    let Some(first) = texts.first() else { return Ok(()) };
    let Some((rank, other)) = texts.iter().enumerate().find(|(_, text)| *text != first) else { return Ok(()) };
    Err(Error::Ranks { rank, mismatches: differences(first, other) })
}

/// The fields that differ.
fn differences(expected: &str, found: &str) -> Vec<Mismatch> {
    let [between, after] = SEPARATORS;
    let fields = |text: &'_ str| -> Vec<(String, String)> {
        let fields = text.split_terminator(after).filter_map(|field| field.split_once(between));
        fields.map(|(name, value)| (name.into(), value.into())).collect()
    };
    let pairs = fields(expected).into_iter().zip(fields(found)).filter(|(expected, found)| expected != found);
    pairs
        .map(|((field, expected), (_, found))| Mismatch {
            field,
            expected: format!("`{expected}`"),
            found: format!("`{found}`"),
        })
        .collect()
}
