//! The names of generated items: no two networks of a module, nor two items of a network, share one.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt;

/// The name of a form of a network: `__FoldedDigits`.
pub(crate) fn form(form: &str, network: &Ident) -> Ident {
    format_ident!("__{}", delimited(format!("{form}{}", network.unraw())), span = Span::call_site())
}

/// The name of a part of a network: `__Digits_hidden`. A layer's name is a part; other parts begin with a digit, or are
/// values where layers are types.
pub(crate) fn part(network: &Ident, part: &str) -> Ident {
    format_ident!("__{}_{part}", delimited(network.unraw().to_string()), span = Span::call_site())
}

/// A network's name, of which it is clear where it ends if a `_` follows: one with a `_` in it has its length in front.
fn delimited(network: String) -> String {
    if network.contains('_') { format!("{}_{network}", network.len()) } else { network }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_layers_with_underscores_differ() {
        let name = |network: &str, layer| part(&format_ident!("{network}"), layer).to_string();
        assert_eq!(name("A", "b_c"), "__A_b_c");
        assert_eq!(name("A_b", "c"), "__3_A_b_c");
        assert_eq!(name("A_", "b"), "__2_A__b");
        assert_eq!(name("A", "_b"), "__A__b");
        assert_eq!(name("r#A", "b"), "__A_b");
        let folded = |network: &str| form("Folded", &format_ident!("{network}")).to_string();
        assert_eq!(folded("Y"), "__FoldedY");
        // Not the layer `b` of a network `FoldedY`.
        assert_eq!(folded("Y_b"), "__9_FoldedY_b");
    }
}
