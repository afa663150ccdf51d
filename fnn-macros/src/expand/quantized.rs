//! The form that a network has in 8 bits: a struct of its layers in 8 bits, and what makes it of the float network.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::local;
use crate::plan::{Int8Layer, Plan, Quantized};
use crate::report::located;
use crate::shapes::{Layer, Network};

/// Everything in 8 bits, where it is asked for. It is made of the layers in `f32`, so in this constant, the scalar is that.
///
/// Of a network whose batch norms are folded, that is what the folded one becomes.
pub(super) fn items(plan: &Plan) -> TokenStream {
    let Some(Quantized { layers, .. }) = &plan.quantized else { return TokenStream::new() };
    let network = &plan.form.network;
    let scalar = &network.header.scalar;
    let integers = Integers { network: plan.inference(), layers };
    let (structure, layer, quantize) = (integers.structure(), integers.layer(), integers.quantize());
    let folded = plan.folded.as_ref().map(|folded| &folded.form.network);
    let through = folded.map(|folded| through(network, folded));
    let networks = [Some(network), folded].into_iter().flatten();
    let methods = networks.filter(|_| !network.hidden).map(methods);
    quote! {
        const _: () = {
            type #scalar = ::core::primitive::f32;
            #structure
            #layer
            #quantize
            #through
            #(#methods)*
        };
    }
}

/// `impl Quantize` of a network that is folded first.
fn through(network: &Network, folded: &Network) -> TokenStream {
    let (fnn, constants) = (&network.header.fnn, network.const_parameters());
    let (float, folded) = (network.path(&network.header.scalar), folded.path(&network.header.scalar));
    hygienic! {
        #[automatically_derived]
        impl<#constants> #fnn::macro_support::Quantize for #float {
            type Quantized = <#folded as #fnn::macro_support::Quantize>::Quantized;
            const RANGED: ::core::primitive::bool = false;

            #fnn::macro_support::with_heap! {
                fn observe(
                    &self,
                    inputs: &[Self::Input],
                    observer: &mut #fnn::quantized::Observer,
                ) -> #fnn::macro_support::Vec<Self::Output> {
                    let folded = #fnn::macro_support::FoldBatchNorm::fold_batch_norm_boxed(self);
                    #fnn::macro_support::Quantize::observe(&*folded, inputs, observer)
                }

                fn quantize_into(
                    &self,
                    quantized: &mut Self::Quantized,
                    signal: #fnn::quantized::Signal,
                    ranges: &mut #fnn::quantized::Ranges<'_>,
                ) -> #fnn::quantized::Signal {
                    let folded = #fnn::macro_support::FoldBatchNorm::fold_batch_norm_boxed(self);
                    #fnn::macro_support::Quantize::quantize_into(&*folded, quantized, signal, ranges)
                }
            }
        }
    }
}

/// A network in 8 bits.
struct Integers<'a> {
    /// The float network that it is made of.
    network: &'a Network,
    layers: &'a [Int8Layer],
}

impl Integers<'_> {
    /// The layers that compute, and the activations right after them.
    fn computing(&self) -> impl DoubleEndedIterator<Item = (&Layer, Option<&Layer>)> {
        self.layers.iter().filter_map(|layer| match layer {
            Int8Layer::Computes { layer, activation } => Some((&**layer, activation.as_deref())),
            Int8Layer::Nothing(_) => None,
        })
    }

    /// A layer's type in 8 bits; rustc points at the layer where it has none.
    fn quantized(&self, layer: &Layer) -> TokenStream {
        let (fnn, kind) = (&self.network.header.fnn, &layer.layer);
        let span = layer.written.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        located(quote!(<#kind as #fnn::macro_support::Quantize>::Quantized), span)
    }

    fn name(&self) -> Ident {
        format_ident!("__Quantized{}", self.network.header.name.unraw(), span = Span::call_site())
    }

    /// `__QuantizedName<HIDDEN>`
    fn path(&self) -> TokenStream {
        let (name, arguments) = (self.name(), crate::model::generic_arguments(&self.network.header.generics));
        if arguments.is_empty() { quote!(#name) } else { quote!(#name<#({ #arguments }),*>) }
    }

    /// The struct: a field for each layer that computes.
    fn structure(&self) -> TokenStream {
        let header = &self.network.header;
        let (fnn, visibility, name, path) = (&header.fnn, &header.visibility, self.name(), self.path());
        let constants = self.network.const_parameters();
        let fields = self.computing().map(|(layer, _)| {
            let (name, quantized) = (&layer.name, self.quantized(layer));
            let doc = format!(" {} in 8 bits.", layer.kind);
            quote!(#[doc = #doc] #visibility #name: #quantized)
        });
        quote! {
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #[derive(
                ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::cmp::PartialEq
            )]
            #[repr(C)]
            #visibility struct #name<#constants> {
                #(#fields,)*
            }

            // SAFETY: all fields are layers in 8 bits, which are plain: that `Quantize` implies it, whatever path was given
            // for the library, the function makes sure of.
            #[automatically_derived]
            unsafe impl<#constants> #fnn::macro_support::Pod for #path {}
            fn __implied<L: #fnn::macro_support::Quantize>() {
                fn pod<P: #fnn::macro_support::Pod>() {}
                pod::<L::Quantized>();
            }
        }
    }

    /// `impl QuantizedLayer`: each layer writes into one of two buffers that the next one reads.
    fn layer(&self) -> TokenStream {
        let (fnn, constants, path) = (&self.network.header.fnn, self.network.const_parameters(), self.path());
        let float = self.network.path(&self.network.header.scalar);
        let member = |layer, member: TokenStream| {
            let quantized = self.quantized(layer);
            quote!(<#quantized as #fnn::quantized::QuantizedLayer>::#member)
        };
        let layers: Vec<_> = self.computing().map(|(layer, _)| layer).collect();
        let between = layers.len().saturating_sub(1);
        let larger = |types: &mut dyn Iterator<Item = TokenStream>| {
            types.fold(quote!(()), |rest, other| quote!(#fnn::macro_support::Larger<#other, #rest>))
        };
        let [ping, pong] = [0, 1].map(|parity| {
            let mine = layers.iter().take(between).skip(parity).step_by(2);
            larger(&mut mine.map(|layer| member(layer, quote!(Output))))
        });
        let scratch = larger(&mut layers.iter().map(|layer| member(layer, quote!(Workspace))));
        let calls = layers.iter().enumerate().map(|(index, layer)| {
            let (before, integers) = (local("integers", index), local("integers", index + 1));
            let buffer = Ident::new(if index % 2 == 0 { "ping" } else { "pong" }, Span::mixed_site());
            let take = if index == between {
                hygienic!(&mut *output)
            } else {
                let sample = member(layer, quote!(Output));
                hygienic!(#fnn::macro_support::workspace::<#sample, _>(&mut *#buffer))
            };
            let (name, kind) = (&layer.name, &layer.layer);
            hygienic! {
                let #integers = #take;
                #fnn::macro_support::forward_layer::<#kind, _, _, _, _>(
                    &self.#name, #before, &mut *#integers, &mut *scratch, trace
                );
                let #integers = &*#integers;
            }
        });
        let visits = layers.iter().map(|layer| {
            let (name, text) = (&layer.name, layer.name.unraw().to_string());
            hygienic!(#fnn::quantized::QuantizedLayer::visit(&self.#name, name.field(#text), visitor);)
        });
        let nothing = layers.is_empty().then(|| hygienic!(#fnn::macro_support::forward_nothing(input, output);));
        let (first, last) = (local("integers", 0), local("integers", layers.len()));
        hygienic! {
            #[automatically_derived]
            impl<#constants> #fnn::quantized::QuantizedLayer for #path {
                type Input = <<#float as #fnn::macro_support::Layer>::Input as #fnn::macro_support::Sample>::Of<::core::primitive::i8>;
                type Output = <<#float as #fnn::macro_support::Layer>::Output as #fnn::macro_support::Sample>::Of<::core::primitive::i8>;
                type Workspace = (#ping, (#pong, #scratch));

                fn visit(&self, name: #fnn::macro_support::Name<'_>, visitor: &mut #fnn::quantized::Visitor<'_>) {
                    #(#visits)*
                    let _ = (name, visitor);
                }

                #[inline(always)]
                fn forward<__T: #fnn::quantized::Trace>(
                    &self,
                    input: &Self::Input,
                    output: &mut Self::Output,
                    workspace: &mut Self::Workspace,
                    trace: &mut __T,
                ) {
                    let (ping, (pong, scratch)) = workspace;
                    let #first = input;
                    #nothing
                    #(#calls)*
                    let _ = (#last, ping, pong, scratch, trace);
                }
            }
        }
    }

    /// `impl Quantize`: layer after layer, look at what comes out, and write the integers.
    fn quantize(&self) -> TokenStream {
        let (fnn, constants, path) = (&self.network.header.fnn, self.network.const_parameters(), self.path());
        let float = self.network.path(&self.network.header.scalar);
        let observed = self.layers.iter().enumerate().map(|(index, layer)| {
            let (before, batch) = (local("batch", index), local("batch", index + 1));
            let computed = match layer {
                Int8Layer::Nothing(layer) => {
                    let name = &layer.name;
                    hygienic!(#fnn::macro_support::pass_through(&self.#name, #before))
                }
                Int8Layer::Computes { layer, activation } => {
                    let (name, text) = (&layer.name, layer.name.unraw().to_string());
                    let activation = match activation.as_deref() {
                        Some(Layer { name, .. }) => hygienic!(&self.#name),
                        None => quote!(()),
                    };
                    hygienic!(#fnn::macro_support::observe_layer(#text, &self.#name, #activation, #before, observer))
                }
            };
            hygienic! {
                let #batch = #computed;
                let #batch = &*#batch;
            }
        });
        let quantized = self.computing().map(|(layer, _)| {
            let name = &layer.name;
            hygienic! {
                let signal =
                    #fnn::macro_support::quantize_layer(&self.#name, &mut quantized.#name, signal, ranges);
            }
        });
        let (first, last) = (local("batch", 0), local("batch", self.layers.len()));
        hygienic! {
            #[automatically_derived]
            impl<#constants> #fnn::macro_support::Quantize for #float {
                type Quantized = #path;
                const RANGED: ::core::primitive::bool = false;

                #fnn::macro_support::with_heap! {
                    fn observe(
                        &self,
                        inputs: &[Self::Input],
                        observer: &mut #fnn::quantized::Observer,
                    ) -> #fnn::macro_support::Vec<Self::Output> {
                        let #first = inputs;
                        #(#observed)*
                        let _ = observer;
                        #fnn::macro_support::outputs(#last)
                    }

                    fn quantize_into(
                        &self,
                        quantized: &mut Self::Quantized,
                        signal: #fnn::quantized::Signal,
                        ranges: &mut #fnn::quantized::Ranges<'_>,
                    ) -> #fnn::quantized::Signal {
                        #(#quantized)*
                        let _ = (quantized, ranges);
                        signal
                    }
                }
            }
        }
    }
}

/// What a user calls, without an import.
fn methods(network: &Network) -> TokenStream {
    let (fnn, constants) = (&network.header.fnn, network.const_parameters());
    let float = network.path(&network.header.scalar);
    hygienic! {
        #[allow(dead_code)]
        impl<#constants> #float {
            #fnn::macro_support::with_heap! {
                /// The network in 8 bits, calibrated on `samples` from the smallest to the largest number that flows.
                /// Up to 256 KiB, which is a compile error beyond.
                #[inline]
                #[must_use]
                pub fn quantize(&self, samples: &[<Self as #fnn::macro_support::Layer>::Input]) -> #fnn::macro_support::Quantized<Self> {
                    #fnn::macro_support::Quantize::quantize(self, samples)
                }

                /// The network in 8 bits, calibrated on `samples`. Up to 256 KiB, which is a compile error beyond.
                #[inline]
                #[must_use]
                pub fn quantize_by(
                    &self,
                    samples: &[<Self as #fnn::macro_support::Layer>::Input],
                    calibration: #fnn::macro_support::Calibration,
                ) -> #fnn::macro_support::Quantized<Self> {
                    #fnn::macro_support::Quantize::quantize_by(self, samples, calibration)
                }
            }
        }
    }
}
