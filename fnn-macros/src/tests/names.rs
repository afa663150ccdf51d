//! The names that occur in expansions. The library's tests declare networks, layers and const parameters with each of
//! them.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use super::mutations::DECLARATIONS;
use super::snapshot;
use crate::network;

/// Declarations of which every part of the expansion is among them.
const MORE: &[&str] = &[
    "#[derive(Clone)] #[quantizable] #[split(Features, Head, at = logits)] #[budget(flash = 64 KiB, macs = 100_000)]
    pub struct Digits: [1, 8, 8] -> [LENGTH] {
        Conv2d(8, kernel = 3), BatchNorm, Relu, Residual { Conv2d(8, kernel = 1), BatchNorm }, MaxPool2d(2), Flatten,
        Residual { { Dense(20), Sigmoid }, { Dense(20) } }, own: Own, logits: Dense(10), Softmax }",
    "struct Generic<const HIDDEN: usize>: [4] -> [2] { Dense(HIDDEN), BatchNorm, Dense(2), own: Own<HIDDEN> }",
];

fn collect(tokens: TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Ident(name) => drop(names.insert(name.to_string())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[test]
fn names_in_expansions() {
    let mut names = BTreeSet::new();
    for declaration in DECLARATIONS.iter().chain(MORE) {
        let declaration: TokenStream = declaration.parse().unwrap();
        let expansion = network(quote::quote!([::fnn] #declaration));
        assert!(!expansion.to_string().contains("compile_error"), "{expansion}");
        collect(expansion, &mut names);
    }
    let names: Vec<_> = names.into_iter().collect();
    snapshot(&(names.join("\n") + "\n"), "names.txt");
}
