//! The network that a network becomes for inference: without the batch norms that the layers before them can take over.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use crate::kinds::Role;
use crate::shapes::{Layer, Network};

/// A network that is another one for inference.
pub(crate) struct Folded {
    pub(crate) network: Network,
    /// How each of its layers comes of the layers of the network, of the same name.
    pub(crate) origins: Vec<Origin>,
}

/// How a layer of the folded network comes of one of the network's.
pub(crate) enum Origin {
    /// It is the same.
    Same,
    /// Of it and of the batch norm after it, which has this name.
    Norm(Ident),
    /// Of a block, which is folded inside.
    Block,
    /// Of one of this type, the user's own, which is folded if it can be.
    Own(TokenStream),
}

/// The folded network; nothing where that is the network itself.
pub(crate) fn fold(network: &Network) -> Option<Folded> {
    let mut folded: Vec<(Layer, Origin)> = Vec::new();
    for layer in &network.layers {
        match folded.last_mut() {
            Some((linear, origin @ Origin::Same)) if linear.role == Role::Linear && layer.role == Role::Affine => {
                let (fnn, norm) = (&network.header.fnn, &layer.layer);
                become_folded(linear, &quote!(#fnn::macro_support::FoldWith<#norm>));
                *origin = Origin::Norm(layer.name.clone());
            }
            _ => folded.push(fold_layer(network, layer)),
        }
    }
    let (layers, origins): (_, Vec<_>) = folded.into_iter().unzip();
    if origins.iter().all(|origin| matches!(origin, Origin::Same)) {
        return None;
    }
    let mut header = network.header.clone();
    header.name = name(network);
    let network = Network {
        header,
        layers,
        constants: Vec::new(),
        aliases: Vec::new(),
        checks: Vec::new(),
        hidden: true,
        ..network.clone()
    };
    Some(Folded { network, origins })
}

/// What becomes of a layer, if no batch norm follows.
fn fold_layer(network: &Network, layer: &Layer) -> (Layer, Origin) {
    let fnn = &network.header.fnn;
    let mut folded = Layer { blocks: Vec::new(), ..layer.clone() };
    if layer.own.is_some() {
        let folds = folds(network, layer);
        become_folded(&mut folded, &quote!(#fnn::macro_support::FoldIf<{ #folds }>));
        (folded, Origin::Own(layer.layer.clone()))
    } else if layer.blocks.iter().any(|block| fold(block).is_some()) {
        become_folded(&mut folded, &quote!(#fnn::macro_support::FoldBatchNorm));
        (folded, Origin::Block)
    } else {
        (folded, Origin::Same)
    }
}

/// Put in a layer's place what a trait says that it folds into.
fn become_folded(layer: &mut Layer, folding: &TokenStream) {
    let before = &layer.layer;
    layer.layer = quote!(<#before as #folding>::Folded);
    layer.field = layer.layer.clone();
}

/// The constant that says whether a type of the user's own has a folded form.
pub(crate) fn folds(network: &Network, layer: &Layer) -> Ident {
    let (network, layer) = (network.header.name.unraw(), layer.name.unraw());
    format_ident!("__{network}_{layer}_folds", span = Span::call_site())
}

/// The name of the folded network.
fn name(network: &Network) -> Ident {
    let name = network.header.name.unraw();
    if network.hidden {
        format_ident!("{name}_folded", span = Span::call_site())
    } else {
        format_ident!("__Folded{name}", span = Span::call_site())
    }
}
