//! The table of layers in a network's documentation.

use syn::ext::IdentExt;

use crate::shapes::Network;
use crate::size::Size;

/// The lines of the table, in Markdown.
pub(crate) fn rows(network: &Network) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!(" `{}` → `{}`", network.input.text(), network.output.text()),
        String::new(),
        " | layer | kind | output | weights |".to_string(),
        " |---|---|---|---|".to_string(),
    ];
    push_layers(network, "", &mut lines);
    lines
}

/// A row per layer; the layers inside a block follow the block.
fn push_layers(network: &Network, indent: &str, lines: &mut Vec<String>) {
    for layer in &network.layers {
        let name = layer.name.unraw();
        let weights = match &layer.weights {
            Some(arrays) => count(arrays),
            None => String::new(),
        };
        let output = layer.output.text().replace('|', "\\|");
        lines.push(format!(" | {indent}`{name}` | {} | `{output}` | {weights} |", layer.kind));
        for block in &layer.blocks {
            push_layers(block, &format!("{indent}· "), lines);
        }
    }
}

/// The number of weights in some arrays, or a formula if a size is an expression.
fn count(arrays: &[Vec<Size>]) -> String {
    let products: Vec<_> = arrays.iter().map(|sizes| Size::product(sizes)).collect();
    let known: Option<usize> = products.iter().map(|product| product.known).sum();
    match known {
        Some(0) => String::new(),
        Some(known) => known.to_string(),
        None if products.iter().any(Size::is_hidden) => String::new(),
        None => {
            let products: Vec<_> = products.iter().map(|product| product.text.as_str()).collect();
            format!("`{}`", products.join(" + ")).replace('|', "\\|")
        }
    }
}
