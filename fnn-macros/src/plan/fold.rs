//! The network for inference, with batch norms folded into the layers before them.

use std::rc::Rc;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::{Form, Plan};
use crate::generated;
use crate::kinds::Role;
use crate::shapes::{Layer, Network};

/// A network with something to fold.
pub(crate) struct Folded {
    pub(crate) form: Form,
    /// Where the weights of each of its layers come from.
    pub(crate) sources: Vec<Source>,
}

/// Where the weights of a folded network's layer come from: the layer of the same name, and possibly a batch norm.
pub(crate) enum Source {
    /// The layer alone, unchanged.
    Same,
    /// The layer and the batch norm after it, which has this name.
    WithNorm(Ident),
    /// A block, whose inside is folded.
    Block,
    /// A user's type, folded if possible.
    Own(TokenStream),
}

/// The folded network, given the plans of each layer's insides; `None` if there is nothing to fold.
pub(super) fn fold(network: &Network, blocks: &[Vec<Plan>]) -> Option<Folded> {
    let may_fold = |layer: &Layer| layer.role == Role::Affine || layer.own.is_some() || !layer.blocks.is_empty();
    if !network.layers.iter().any(|layer| may_fold(layer)) {
        return None;
    }
    let mut folded: Vec<(Layer, Source)> = Vec::new();
    for (layer, blocks) in network.layers.iter().zip(blocks) {
        match folded.last_mut() {
            Some((linear, source @ Source::Same))
                if matches!(linear.role, Role::Linear { .. }) && layer.role == Role::Affine =>
            {
                let (fnn, norm) = (&network.header.fnn, &layer.layer);
                become_folded(linear, &quote!(#fnn::macro_support::FoldWith<#norm>));
                *source = Source::WithNorm(layer.name.clone());
            }
            _ => folded.push(fold_layer(network, layer, blocks)),
        }
    }
    if folded.iter().all(|(_, source)| matches!(source, Source::Same)) {
        return None;
    }
    let (layers, sources) = folded.into_iter().map(|(layer, source)| (Rc::new(layer), source)).unzip();
    Some(Folded { form: Form::derived(network, name(network), layers), sources })
}

/// Folds a layer that no batch norm follows.
fn fold_layer(network: &Network, layer: &Layer, blocks: &[Plan]) -> (Layer, Source) {
    let fnn = &network.header.fnn;
    let mut folded = Layer { blocks: Vec::new(), ..layer.clone() };
    if layer.own.is_some() {
        let folds = folds(network, layer);
        become_folded(&mut folded, &quote!(#fnn::macro_support::FoldIf<{ #folds }>));
        (folded, Source::Own(layer.layer.clone()))
    } else if blocks.iter().any(|block| block.folded.is_some()) {
        become_folded(&mut folded, &quote!(#fnn::macro_support::FoldBatchNorm));
        (folded, Source::Block)
    } else {
        (folded, Source::Same)
    }
}

/// Replaces a layer by its folded type, as named by a trait.
fn become_folded(layer: &mut Layer, folding: &TokenStream) {
    let before = &layer.layer;
    layer.layer = quote!(<#before as #folding>::Folded);
    layer.field = layer.layer.clone();
}

/// The constant that says whether a type of the user's own has a folded form.
pub(crate) fn folds(network: &Network, layer: &Layer) -> Ident {
    generated::part(&network.header.name, &format!("{}_folds", layer.name.unraw()))
}

/// The name of the folded network.
fn name(network: &Network) -> Ident {
    generated::form("Folded", &network.header.name)
}
