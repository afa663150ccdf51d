//! Snapshots of expansions, for review; and tests that no input makes the macros panic.

mod mutations;
mod names;

use proc_macro2::TokenStream;
use quote::quote;

use crate::kinds::{BLOCKS, Example, Int8, kinds};
use crate::{derive, network};

/// Rust, formatted as by `rustfmt`.
fn pretty(tokens: TokenStream) -> String {
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("{error} in the expansion: {tokens}"),
    }
}

/// Compares an expansion with the contents of `file`.
fn check(expansion: TokenStream, file: &str) {
    snapshot(&pretty(expansion), file);
}

/// Compares a text with the contents of `file`, or writes it there if `SNAPSHOTS=overwrite` is in the environment.
fn snapshot(found: &str, file: &str) {
    let path = format!("{}/src/tests/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    if let Some(line) = expected.lines().zip(found.lines()).position(|(expected, line)| expected != line) {
        let (expected, found) = (expected.lines().nth(line), found.lines().nth(line));
        panic!("{file}:{}: expected {expected:?}, found {found:?}; SNAPSHOTS=overwrite accepts it", line + 1);
    }
    assert_eq!(expected.lines().count(), found.lines().count());
}

#[test]
fn a_small_network() {
    let declaration = quote! {
        [::fnn]
        /// Two inputs, one output.
        #[derive(Clone)]
        pub struct Small: [1, 2] -> [1] {
            Flatten,
            /// The hidden layer.
            hidden: Dense(2 * UNITS),
            Relu,
            out: Dense(1, bias = false, init = HeUniform),
        }
    };
    check(network(declaration), "small.rs");
}

#[test]
fn a_mistake() {
    let declaration = quote! {
        [::fnn]
        pub(crate) struct Mistaken: [2] -> [3] {
            hidden: Dens(2 * UNITS),
            logits: Dense(SCORES),
        }
    };
    check(network(declaration), "mistaken.rs");
}

#[test]
fn derived_weights() {
    let input = quote! {
        #[repr(C)]
        struct Affine<const N: usize, S: Scalar = f32> {
            gain: [S; N],
            r#in: Dense<N, 1, S>,
        }
    };
    check(derive::parameters(input).unwrap(), "derived.rs");
}

/// Exactly the kinds marked as unsupported are rejected by `#[quantizable]`.
#[test]
fn every_kind_is_quantized_or_refused() {
    let kinds = kinds().map(|kind| (&kind.example, kind.int8));
    for (example, int8) in kinds.chain(BLOCKS.iter().map(|block| (&block.example, block.int8))) {
        for quantizable in ["", "#[quantizable]"] {
            let Example { layer, input, .. } = example;
            let declaration = format!("[::fnn] {quantizable} struct Net: {input} {{ {layer} }}");
            let expansion = network(declaration.parse().unwrap()).to_string();
            let is_refused = expansion.contains("compile_error");
            assert_eq!(is_refused, !quantizable.is_empty() && int8 == Int8::Unsupported, "{declaration}");
        }
    }
}
