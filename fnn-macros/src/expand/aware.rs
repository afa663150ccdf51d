//! The network for quantization-aware training.

use proc_macro2::TokenStream;

use super::items as items_of;
use crate::plan::{Aware, Plan, Quantized, Rounding};
use crate::shapes::{Layer, Network};

/// The network with simulated rounding, and `impl QuantizationAware`, if quantizable.
///
/// Batch norms are folded first, which can't be undone: training continues on the folded network.
pub(super) fn items(plan: &Plan) -> TokenStream {
    let Some(Quantized { aware, .. }) = &plan.quantized else { return TokenStream::new() };
    let Aware { form, roundings } = aware;
    let network = plan.inference();
    let items = items_of(form);
    let calls = |call: fn(&TokenStream, &Layer, &Rounding) -> TokenStream| -> TokenStream {
        let layers = form.network.layers.iter().zip(roundings);
        layers.map(|(layer, rounding)| call(&network.header.fnn, layer, rounding)).collect()
    };
    let (write, read) = (calls(write), calls(read));
    let (fnn, scalar) = (&network.header.fnn, &network.header.scalar);
    let (generics, path, becomes) = (network.parameters(), network.path(scalar), form.network.path(scalar));
    let methods = (!plan.form.network.hidden).then(|| methods(network));
    hygienic! {
        #items

        #[automatically_derived]
        impl<#generics> #fnn::macro_support::QuantizationAware for #path {
            type Aware = #becomes;

            fn write_aware(
                &self,
                aware: &mut Self::Aware,
                ranges: &mut dyn ::core::ops::FnMut() -> [#scalar; 2],
            ) {
                #write
                let _ = (aware, ranges);
            }

            fn read_aware(
                &mut self,
                aware: &Self::Aware,
                ranges: &mut dyn ::core::ops::FnMut([#scalar; 2]),
            ) {
                #read
                let _ = (aware, ranges);
            }
        }

        #methods
    }
}

/// From a layer to its aware form.
fn write(fnn: &TokenStream, layer: &Layer, rounding: &Rounding) -> TokenStream {
    let name = &layer.name;
    match rounding {
        Rounding::Nothing => TokenStream::new(),
        Rounding::Weights => {
            let range = layer.int8.is_fixed().then(|| hygienic!(let _ = ranges();));
            hygienic!(#fnn::macro_support::QuantizationAware::write_aware(&self.#name, &mut aware.#name, ranges); #range)
        }
        Rounding::Outputs => hygienic!(aware.#name.range = ranges();),
    }
}

/// From the aware form back to the layer.
fn read(fnn: &TokenStream, layer: &Layer, rounding: &Rounding) -> TokenStream {
    let name = &layer.name;
    match rounding {
        Rounding::Nothing => TokenStream::new(),
        Rounding::Weights => {
            let range = layer.int8.is_fixed().then(|| hygienic!(ranges(::core::default::Default::default());));
            hygienic!(#fnn::macro_support::QuantizationAware::read_aware(&mut self.#name, &aware.#name, ranges); #range)
        }
        Rounding::Outputs => hygienic!(ranges(aware.#name.range);),
    }
}

/// Inherent methods.
fn methods(network: &Network) -> TokenStream {
    let (fnn, constants) = (&network.header.fnn, network.const_parameters());
    let float = network.path(&network.site().f32());
    hygienic! {
        #[allow(dead_code)]
        impl<#constants> #float {
            #fnn::macro_support::with_heap! {
                /// The network for quantization-aware training, with the ranges of its activations on `samples`.
                ///
                /// # Errors
                /// If there are no samples, or a number in a sample, a weight or an activation isn't finite.
                #[inline]
                pub fn quantization_aware(
                    &self,
                    samples: &[<Self as #fnn::macro_support::Layer>::Input],
                ) -> ::core::result::Result<
                    #fnn::macro_support::Box<#fnn::macro_support::Aware<Self>>,
                    #fnn::macro_support::CalibrationError,
                > {
                    #fnn::macro_support::QuantizationAware::quantization_aware(self, samples)
                }

                /// Quantizes a network trained as `Aware`.
                #[inline]
                #[must_use]
                pub fn quantize_aware(aware: &#fnn::macro_support::Aware<Self>) -> #fnn::macro_support::Box<#fnn::macro_support::Quantized<Self>> {
                    <Self as #fnn::macro_support::QuantizationAware>::quantize_aware(aware)
                }
            }
        }
    }
}
