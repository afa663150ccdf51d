//! How generated functions call those of the layers.

use proc_macro2::{Ident, Span, TokenStream};

use super::Passes;
use crate::kinds::Role;
use crate::plan::Stage;

/// Up to this many stages, layers are inlined into the network's functions. More would take the compiler too long.
const INLINED: usize = 3;

impl Passes<'_> {
    /// Whether layers are inlined.
    fn is_inlined(&self) -> bool {
        self.stages.len() <= INLINED
    }

    /// A function of a stage's layer: inlined here, or called.
    pub(super) fn call(&self, stage: &Stage, function: &str) -> TokenStream {
        let (fnn, layer) = (&self.network.header.fnn, &stage.layer.layer);
        let function = Ident::new(function, Span::mixed_site());
        if self.is_inlined() {
            return stage.layer.member(fnn, hygienic!(#function::<__V, { __BATCH }>));
        }
        hygienic!(#fnn::macro_support::outlined::#function::<#layer, __V, { __BATCH }>)
    }

    /// The function that updates a stage's layer: inlined here, or called. Linear layers have one of their own.
    pub(super) fn update(&self, stage: &Stage) -> TokenStream {
        let (fnn, layer) = (&self.network.header.fnn, &stage.layer.layer);
        let function = match (stage.layer.role, self.is_inlined()) {
            (Role::Linear { .. }, true) => {
                return hygienic!(<#layer as #fnn::macro_support::Descend>::descend::<__V, __O, _, { __SLOTS }, { __BATCH }>);
            }
            (Role::Linear { .. }, false) => hygienic!(outlined::descend_linear),
            (_, true) => hygienic!(descend),
            (_, false) => hygienic!(outlined::descend),
        };
        hygienic!(#fnn::macro_support::#function::<#layer, __V, __O, _, { __SLOTS }, { __BATCH }>)
    }

    /// How a layer is updated, and its part of each of the optimizer's slots.
    pub(super) fn descent(&self, stage: &Stage) -> TokenStream {
        let name = &stage.layer.name;
        let slot = stage.exclusive(hygienic!(&mut slot.#name));
        hygienic!((descent.one(), slots.each_mut().map(|slot| #slot)))
    }

    /// An activation's function: inlined here, or called.
    pub(super) fn activation(&self, function: &TokenStream) -> TokenStream {
        let fnn = &self.network.header.fnn;
        if self.is_inlined() {
            return hygienic!(#fnn::layers::Activation::#function);
        }
        hygienic!(#fnn::macro_support::outlined::#function)
    }
}
