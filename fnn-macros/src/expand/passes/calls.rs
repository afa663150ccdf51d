//! How generated functions call those of the layers.

use proc_macro2::{Ident, Span, TokenStream};

use super::Passes;
use crate::kinds::Role;
use crate::plan::Stage;

/// Up to this many stages, layers are inlined into the network's functions. More would take the compiler too long.
const INLINED: usize = 3;

impl Passes<'_> {
    /// Whether layers are inlined.
    pub(in crate::expand) fn is_inlined(&self) -> bool {
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

    /// The function of `Backward` for a stage's layer.
    pub(super) fn backward_function(number: usize, stage: &Stage) -> TokenStream {
        match stage.layer.role {
            Role::Linear { .. } if number == 1 && stage.adds_input_gradients() => hygienic!(first_convolution),
            Role::Linear { .. } => hygienic!(linear),
            _ => hygienic!(layer),
        }
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
