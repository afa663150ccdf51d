//! The table of all kinds, for users outside this crate: the documentation of `network!`, tests, proofs, importers.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::{BLOCKS, Documentation, Example, Int8, Takes, kinds};
use crate::arguments::Parameter;

/// A call of the macro `callback` with the table's public part:
///
/// ```text
/// callback! {
///     documentation: ["| row |" …]
///     kinds: [Dense { layer: { Dense(128) } input: [3] takes: numbers weights: 512 macs: 384 int8: yes
///         arguments: [units bias init] } …]
/// }
/// ```
///
/// A network of `layer` alone, with input `input`, has this many weights and multiply-accumulates. It takes `numbers`
/// or `tokens`, can be quantized or not, `yes` or `no`, and has these arguments.
pub(crate) fn listing(callback: TokenStream) -> TokenStream {
    let kinds = kinds().map(|kind| entry(kind.name, &kind.example, kind.takes, kind.int8, kind.parameters));
    let blocks = BLOCKS.iter().map(|block| entry(block.name, &block.example, Takes::Any, block.int8, &[]));
    let (rows, entries) = (rows(), kinds.chain(blocks));
    quote!(#callback! { documentation: [#(#rows)*] kinds: [#(#entries)*] })
}

fn entry(
    name: &str,
    Example { layer, input, weights, macs }: &Example,
    takes: Takes,
    int8: Int8,
    parameters: &[Parameter],
) -> TokenStream {
    let word = |word| Ident::new(word, Span::call_site());
    let arguments = parameters.iter().map(|parameter| word(parameter.name));
    let [layer, input] = [layer, input].map(|text| text.parse::<TokenStream>().unwrap_or_default());
    let [weights, macs] = [*weights, *macs].map(Literal::usize_unsuffixed);
    let takes = word(if takes == Takes::Tokens { "tokens" } else { "numbers" });
    let int8 = word(if int8 == Int8::Unsupported { "no" } else { "yes" });
    let name = word(name);
    quote! {
        #name {
            layer: { #layer } input: #input takes: #takes weights: #weights macs: #macs int8: #int8
            arguments: [#(#arguments)*]
        }
    }
}

/// The table of kinds in Markdown, line by line. Consecutive kinds share a row if they differ in their names
/// only.
fn rows() -> Vec<String> {
    let mut rows = vec![
        "| kind | takes | gives | arguments | weights | multiply-accumulates | int8 |".to_string(),
        "|---|---|---|---|---|---|---|".to_string(),
    ];
    let kinds = kinds().map(|kind| (&kind.documentation, int8_cell(kind.int8)));
    let blocks = BLOCKS.iter().map(|block| (&block.documentation, int8_cell(block.int8)));
    let own = (&OWN, "if `#[quantizable]`");
    let all = kinds.chain(blocks).chain([own]).map(
        |(Documentation { name, takes, gives, arguments, weights, macs }, int8)| {
            (*name, [*takes, gives, arguments, weights, macs, int8])
        },
    );
    for alike in all.collect::<Vec<_>>().chunk_by(|(_, one), (_, other)| one == other) {
        let names: Vec<_> = alike.iter().map(|(name, _)| *name).collect();
        let mut row = format!("| {} |", names.join(", "));
        for cell in alike.iter().take(1).flat_map(|(_, cells)| cells) {
            row += &if cell.is_empty() { " |".to_string() } else { format!(" {cell} |") };
        }
        rows.push(row);
    }
    rows
}

/// The table's cell for whether a kind can be quantized.
fn int8_cell(int8: Int8) -> &'static str {
    if int8 == Int8::Unsupported { "no" } else { "yes" }
}

/// The row for types that are not the library's.
static OWN: Documentation = Documentation {
    name: "a network, or any type that implements [`Layer`](crate::Layer)",
    takes: "its own",
    gives: "its own",
    arguments: "const parameters, such as `Scale<8>`",
    weights: "its own",
    macs: "its own",
};
