//! The network that a network becomes for inference: without the batch norms that the layers before them can take over.

use std::rc::Rc;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::{Form, Plan};
use crate::kinds::Role;
use crate::shapes::{Layer, Network};

/// A network that is another one for inference.
pub(crate) struct Folded {
    pub(crate) form: Form,
    /// Where each of its layers has its weights from.
    pub(crate) sources: Vec<Source>,
}

/// Where a layer of the folded network has its weights from: the network's layer of the same name, and what else.
pub(crate) enum Source {
    /// Nothing else: it is the same.
    Same,
    /// The batch norm after it, which has this name.
    WithNorm(Ident),
    /// It is a block, which is folded inside.
    Block,
    /// It is of this type, the user's own, which is folded if it can be.
    Own(TokenStream),
}

/// The folded network, given what the insides of each layer become; nothing where it is the network itself.
pub(super) fn fold(network: &Network, blocks: &[Vec<Plan>]) -> Option<Folded> {
    let may_fold = |layer: &Layer| layer.role == Role::Affine || layer.own.is_some() || !layer.blocks.is_empty();
    if !network.layers.iter().any(|layer| may_fold(layer)) {
        return None;
    }
    let mut folded: Vec<(Layer, Source)> = Vec::new();
    for (layer, blocks) in network.layers.iter().zip(blocks) {
        match folded.last_mut() {
            Some((linear, source @ Source::Same)) if linear.role == Role::Linear && layer.role == Role::Affine => {
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

/// What becomes of a layer, if no batch norm follows.
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
