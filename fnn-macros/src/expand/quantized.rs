//! The int8 network: a struct of quantized layers, and the conversion from the float network.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::buffers::{buffer, largest};
use super::{local, stream};
use crate::generated;
use crate::plan::{Int8Layer, Plan, Quantized};
use crate::report::located;
use crate::shapes::{Layer, Network};

/// The items of the int8 network, if quantizable. It is converted from the layers in `f32`, so in this constant the
/// scalar is `f32`.
///
/// If batch norms are folded, the folded network is quantized.
pub(super) fn items(plan: &Plan) -> TokenStream {
    let Some(Quantized { layers, .. }) = &plan.quantized else { return TokenStream::new() };
    let network = &plan.form.network;
    let scalar = &network.header.scalar;
    let integers = Integers { network: plan.inference(), layers };
    let (structure, layer, quantize) = (integers.structure(), integers.layer(), integers.quantize());
    let stream = stream::int8(integers.network, layers);
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
            #stream
            #through
            #(#methods)*
        };
    }
}

/// `impl Quantize` for a network that is folded first.
fn through(network: &Network, folded: &Network) -> TokenStream {
    let (fnn, constants) = (&network.header.fnn, network.const_parameters());
    let (float, folded) = (network.path(&network.header.scalar), folded.path(&network.header.scalar));
    hygienic! {
        #[automatically_derived]
        impl<#constants> #fnn::macro_support::Quantize for #float {
            type Quantized<__A: #fnn::quantized::Arithmetic> =
                <#folded as #fnn::macro_support::Quantize>::Quantized<__A>;
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
                    quantized: &mut Self::Quantized<#fnn::quantized::Native>,
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

fn name(network: &Network) -> Ident {
    generated::form("Quantized", &network.header.name)
}

/// The int8 form of a network, `__QuantizedName<__A, HIDDEN>`.
pub(super) fn path(network: &Network) -> TokenStream {
    let (name, arguments) = (name(network), crate::model::generic_arguments(&network.header.generics));
    quote!(#name<__A, #({ #arguments }),*>)
}

/// An int8 network.
struct Integers<'a> {
    /// The float network that it is converted from.
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

    /// A layer's quantized type; rustc points at the layer if there is none.
    fn quantized(&self, layer: &Layer) -> TokenStream {
        let (fnn, kind) = (&self.network.header.fnn, &layer.layer);
        let span = layer.written.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        located(quote!(<#kind as #fnn::macro_support::Quantize>::Quantized<__A>), span)
    }

    /// `<… as QuantizedLayer>::member`.
    fn member(&self, layer: &Layer, member: TokenStream) -> TokenStream {
        let (fnn, quantized) = (&self.network.header.fnn, self.quantized(layer));
        quote!(<#quantized as #fnn::quantized::QuantizedLayer>::#member)
    }

    fn name(&self) -> Ident {
        name(self.network)
    }

    fn path(&self) -> TokenStream {
        path(self.network)
    }

    /// `__A: Arithmetic, const HIDDEN: usize`: the parameters of the struct.
    fn parameters(&self) -> TokenStream {
        let (fnn, constants) = (&self.network.header.fnn, self.network.const_parameters());
        quote!(__A: #fnn::quantized::Arithmetic, #constants)
    }

    /// The struct: a field for each layer that computes.
    fn structure(&self) -> TokenStream {
        let header = &self.network.header;
        let (fnn, visibility, name, path) = (&header.fnn, &header.visibility, self.name(), self.path());
        let parameters = self.parameters();
        let arithmetic = self.network.unused_name("__arithmetic");
        let fields = self.computing().map(|(layer, _)| {
            let (name, quantized) = (&layer.name, self.quantized(layer));
            let doc = format!(" {}, quantized.", layer.kind);
            quote!(#[doc = #doc] #visibility #name: #quantized)
        });
        let parts = self.computing().map(|(layer, activation)| {
            let (name, quantized, text) = (&layer.name, self.quantized(layer), layer.name.unraw().to_string());
            let [kind, activation] = [Some(layer), activation].map(|layer| match layer {
                Some(Layer { layer, .. }) => quote!(<#layer as #fnn::macro_support::Layer>::KIND),
                None => quote!(""),
            });
            quote!(#text: #name: #quantized, layer(#kind, #activation))
        });
        quote! {
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #[derive(
                ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug, ::core::cmp::PartialEq
            )]
            #[repr(C)]
            #visibility struct #name<#parameters> {
                #(#fields,)*
                #arithmetic: ::core::marker::PhantomData<__A>,
            }

            // SAFETY: all fields are quantized layers, which are `Pod`: the function ensures that `Quantize` implies
            // that, whatever path the user gave for the library.
            #[automatically_derived]
            unsafe impl<#parameters> #fnn::macro_support::Pod for #path {}
            fn __implied<L: #fnn::macro_support::Quantize, A: #fnn::quantized::Arithmetic>() {
                fn pod<P: #fnn::macro_support::Pod>() {}
                pod::<L::Quantized<A>>();
            }

            #fnn::macro_support::stored! { [#parameters] #path { #(#parts);* } }
        }
    }

    /// `impl QuantizedLayer`: each layer writes into one of two buffers that the next one reads.
    fn layer(&self) -> TokenStream {
        let (fnn, parameters, path) = (&self.network.header.fnn, self.parameters(), self.path());
        let float = self.network.path(&self.network.header.scalar);
        let member = |layer, member| self.member(layer, member);
        let layers: Vec<_> = self.computing().map(|(layer, _)| layer).collect();
        let between = layers.len().saturating_sub(1);
        let [ping, pong] = [0, 1].map(|parity| {
            let mine = layers.iter().take(between).skip(parity).step_by(2);
            largest(fnn, mine.map(|layer| member(layer, quote!(Output))))
        });
        let scratch = largest(fnn, layers.iter().map(|layer| member(layer, quote!(Workspace))));
        let calls = self.calls(&layers, &hygienic!(output), &hygienic!(workspace), |layer, before, integers| {
            let (name, kind) = (&layer.name, &layer.layer);
            hygienic! {
                #fnn::macro_support::forward_layer::<#kind, __A, _, _, _, _>(
                    &self.#name, #before, &mut *#integers, &mut *scratch, trace
                );
            }
        });
        let nothing = layers.is_empty().then(|| hygienic!(#fnn::macro_support::forward_nothing(input, output);));
        let (first, last) = (local("integers", 0), local("integers", layers.len()));
        let batch = self.batch(&layers);
        let stacks = layers.iter().map(|layer| member(layer, quote!(STACK)));
        hygienic! {
            #[automatically_derived]
            impl<#parameters> #fnn::quantized::QuantizedLayer for #path {
                type Input = <<#float as #fnn::macro_support::Layer>::Input as #fnn::macro_support::Sample>::Of<::core::primitive::i8>;
                type Output = <<#float as #fnn::macro_support::Layer>::Output as #fnn::macro_support::Sample>::Of<::core::primitive::i8>;
                type Workspace = (#ping, (#pong, #scratch));

                const STACK: ::core::primitive::usize = #fnn::macro_support::largest(&[#(#stacks),*]);

                const GRAPH: ::core::option::Option<&'static #fnn::macro_support::Node> =
                    ::core::option::Option::Some(&<#float as #fnn::macro_support::Layer>::GRAPH);

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
                    #calls
                    let _ = (#last, ping, pong, scratch, trace);
                }

                #batch
            }
        }
    }

    /// Each layer's call, given the integers before it and those that it writes: into one of two buffers, as `view` of it, or
    /// the last layer into `output`.
    fn calls(
        &self,
        layers: &[&Layer],
        output: &TokenStream,
        view: &TokenStream,
        forward: impl Fn(&Layer, &Ident, &Ident) -> TokenStream,
    ) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let calls = layers.iter().enumerate().map(|(index, layer)| {
            let (before, integers, buffer) =
                (local("integers", index), local("integers", index + 1), buffer(index + 1));
            let take = if index + 1 == layers.len() {
                hygienic!(&mut *#output)
            } else {
                let sample = self.member(layer, quote!(Output));
                hygienic!(#fnn::macro_support::#view::<#sample, _>(&mut *#buffer))
            };
            let call = forward(layer, &before, &integers);
            hygienic! {
                let #integers = #take;
                #call
                let #integers = &*#integers;
            }
        });
        quote!(#(#calls)*)
    }

    /// A batch goes through each layer as a whole, if any of them wants that.
    fn batch(&self, layers: &[&Layer]) -> Option<TokenStream> {
        if layers.is_empty() {
            return None;
        }
        let fnn = &self.network.header.fnn;
        let batched = layers.iter().map(|layer| self.member(layer, quote!(BATCHED)));
        let calls = self.calls(layers, &hygienic!(outputs), &hygienic!(each), |layer, before, integers| {
            let (name, kind) = (&layer.name, &layer.layer);
            hygienic! {
                #fnn::macro_support::forward_layer_batch::<#kind, __A, _, _, _>(
                    &self.#name, #before, &mut *#integers, &mut *scratch
                );
            }
        });
        let (first, end) = (local("integers", 0), local("integers", layers.len()));
        Some(hygienic! {
            const BATCHED: ::core::primitive::bool = false #(|| #batched)*;

            #[inline]
            fn forward_batch(
                &self,
                inputs: &[Self::Input],
                outputs: &mut [Self::Output],
                workspaces: &mut [Self::Workspace],
            ) {
                let ::core::option::Option::Some((ping, pong, scratch)) = #fnn::macro_support::members(workspaces) else {
                    return #fnn::macro_support::forward_each(self, inputs, outputs, workspaces);
                };
                let #first = inputs;
                #calls
                let _ = (#end, ping, pong, scratch);
            }
        })
    }

    /// `impl Quantize`: layer by layer, observes the outputs and writes the integers.
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
                type Quantized<__A: #fnn::quantized::Arithmetic> = #path;
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
                        quantized: &mut Self::Quantized<#fnn::quantized::Native>,
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

/// Inherent methods.
fn methods(network: &Network) -> TokenStream {
    let (fnn, constants) = (&network.header.fnn, network.const_parameters());
    let float = network.path(&network.header.scalar);
    hygienic! {
        #[allow(dead_code)]
        impl<#constants> #float {
            #fnn::macro_support::with_heap! {
                /// Quantizes the network, with ranges from the smallest to the largest activation on `samples`. A
                /// result of more than 256 KiB is a compile error.
                ///
                /// # Errors
                /// If there are no samples, or a number in a sample, a weight or an activation isn't finite.
                #[inline]
                pub fn quantize(
                    &self,
                    samples: &[<Self as #fnn::macro_support::Layer>::Input],
                ) -> ::core::result::Result<#fnn::macro_support::Quantized<Self>, #fnn::macro_support::CalibrationError> {
                    #fnn::macro_support::Quantize::quantize(self, samples)
                }

                /// Quantizes the network, calibrated on `samples` by `calibration`. A result of more than 256 KiB is a
                /// compile error.
                ///
                /// # Errors
                /// Those of `quantize`, and if the share of `Calibration::Percentile` is invalid.
                #[inline]
                pub fn quantize_by(
                    &self,
                    samples: &[<Self as #fnn::macro_support::Layer>::Input],
                    calibration: #fnn::macro_support::Calibration,
                ) -> ::core::result::Result<#fnn::macro_support::Quantized<Self>, #fnn::macro_support::CalibrationError> {
                    #fnn::macro_support::Quantize::quantize_by(self, samples, calibration)
                }
            }
        }
    }
}
