//! The form in which a network is trained as if it were in 8 bits.

use proc_macro2::TokenStream;

use super::{layer, parameters, structure};
use crate::fold::fold;
use crate::quantize::{Origin, aware};
use crate::shapes::{Layer, Network};

/// The network that rounds as 8 bits do, and `impl QuantizationAware`, where it is asked for.
pub(super) fn items(network: &Network) -> TokenStream {
    if !network.header.quantizable {
        return TokenStream::new();
    }
    // Batch norms are folded first, which can't be undone: it is the folded network that can be trained on.
    let folded = fold(network).map(|folded| folded.network);
    let hidden = network.hidden;
    let network = folded.as_ref().unwrap_or(network);
    let aware = aware(network);
    let (structure, weights, layer) = (structure(&aware.network), parameters(&aware.network), layer(&aware.network));
    let calls = |call: fn(&TokenStream, &Layer, &Origin) -> TokenStream| -> TokenStream {
        let layers = aware.network.layers.iter().zip(&aware.origins);
        layers.map(|(layer, origin)| call(&network.header.fnn, layer, origin)).collect()
    };
    let (write, read) = (calls(write), calls(read));
    let (fnn, scalar) = (&network.header.fnn, &network.header.scalar);
    let (generics, path, becomes) = (network.parameters(), network.path(scalar), aware.network.path(scalar));
    let methods = (!hidden).then(|| methods(network));
    hygienic! {
        #structure
        #weights
        #layer

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

/// From a layer to the aware one.
fn write(fnn: &TokenStream, layer: &Layer, origin: &Origin) -> TokenStream {
    let name = &layer.name;
    match origin {
        Origin::Same => TokenStream::new(),
        Origin::Becomes => {
            let range = layer.int8.is_fixed().then(|| hygienic!(let _ = ranges();));
            hygienic!(#fnn::macro_support::QuantizationAware::write_aware(&self.#name, &mut aware.#name, ranges); #range)
        }
        Origin::Range => hygienic!(aware.#name.range = ranges();),
    }
}

/// From the aware layer to the layer.
fn read(fnn: &TokenStream, layer: &Layer, origin: &Origin) -> TokenStream {
    let name = &layer.name;
    match origin {
        Origin::Same => TokenStream::new(),
        Origin::Becomes => {
            let range = layer.int8.is_fixed().then(|| hygienic!(ranges(::core::default::Default::default());));
            hygienic!(#fnn::macro_support::QuantizationAware::read_aware(&mut self.#name, &aware.#name, ranges); #range)
        }
        Origin::Range => hygienic!(ranges(aware.#name.range);),
    }
}

/// What a user calls, without an import.
fn methods(network: &Network) -> TokenStream {
    let (fnn, constants) = (&network.header.fnn, network.const_parameters());
    let float = network.path(&network.site().f32());
    hygienic! {
        #[allow(dead_code)]
        impl<#constants> #float {
            #fnn::macro_support::with_heap! {
                /// The network to be trained as if it were in 8 bits, with the ranges of what flows on `samples`.
                #[inline]
                #[must_use]
                pub fn quantization_aware(
                    &self,
                    samples: &[<Self as #fnn::macro_support::Layer>::Input],
                ) -> #fnn::macro_support::Box<#fnn::macro_support::Aware<Self>> {
                    #fnn::macro_support::QuantizationAware::quantization_aware(self, samples)
                }

                /// The network in 8 bits that `aware` has been trained to be.
                #[inline]
                #[must_use]
                pub fn quantize_aware(aware: &#fnn::macro_support::Aware<Self>) -> #fnn::macro_support::Box<#fnn::macro_support::Quantized<Self>> {
                    <Self as #fnn::macro_support::QuantizationAware>::quantize_aware(aware)
                }
            }
        }
    }
}
