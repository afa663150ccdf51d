//! The network on a stream: each layer takes the frame that the one before it completes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::buffers::{largest, pairs};
use super::local;
use crate::flow::Flow;
use crate::plan::{Int8Layer, Plan, Step, int8_steps, steps};
use crate::shapes::{Layer, Network};

/// `impl Stream` for the network and its folded form.
pub(super) fn items(plan: &Plan) -> TokenStream {
    let network = &plan.form.network;
    if network.header.streaming.is_none() {
        return TokenStream::new();
    }
    let folded = plan.folded.as_ref().map(|folded| float(&folded.form.network));
    let float = float(network);
    quote!(#float #folded)
}

/// What the floating-point and the int8 network differ in.
struct Family<'a> {
    network: &'a Network,
    /// The trait of layers, the type of one, and the arguments of its `Workspace`.
    layer: TokenStream,
    kind: &'a dyn Fn(&Layer) -> TokenStream,
    batch: Option<TokenStream>,
    /// The trait of layers with windows.
    windowed: TokenStream,
    /// The trait of networks on a stream.
    stream: TokenStream,
    /// The functions that push a frame to a window, to all positions, or to a network inside, and that compute a whole layer.
    push: TokenStream,
    push_position: TokenStream,
    push_inner: TokenStream,
    forward: TokenStream,
    /// Their argument for the instruction set.
    simd: Option<TokenStream>,
}

impl Family<'_> {
    /// The layer that computes in a step: the one on a window, or the layer itself.
    fn computing(&self, step: &Step) -> TokenStream {
        match step {
            Step::Window(layer) => {
                let (kind, windowed, span) = ((self.kind)(layer), &self.windowed, &layer.span.tokens);
                quote!(<#kind as #windowed<{ #span }>>::Window)
            }
            Step::Positions(layer) | Step::Inner(layer) | Step::Gather(layer) | Step::Whole(layer) => {
                (self.kind)(layer)
            }
        }
    }

    /// The type of a step's inputs or outputs.
    fn sample(&self, step: &Step, which: TokenStream) -> TokenStream {
        let (layer, computing) = (&self.layer, self.computing(step));
        quote!(<#computing as #layer>::#which)
    }

    /// An item of a network inside.
    fn of_stream(&self, layer: &Layer, item: TokenStream) -> TokenStream {
        let (kind, stream) = ((self.kind)(layer), &self.stream);
        quote!(<#kind as #stream>::#item)
    }

    /// `const STRIDE` and `const KEEPS_FRAMES`
    fn constants(&self, steps: &[Step]) -> TokenStream {
        let strides = steps.iter().filter_map(|step| match step {
            Step::Window(layer) => {
                let (kind, windowed, span) = ((self.kind)(layer), &self.windowed, &layer.span.tokens);
                Some(quote!(<#kind as #windowed<{ #span }>>::AXIS.stride))
            }
            Step::Inner(layer) => Some(self.of_stream(layer, quote!(STRIDE))),
            _ => None,
        });
        let keeps_frames = self.network.keeps_frames();
        let inside = steps.iter().filter_map(|step| match step {
            Step::Inner(layer) => Some(self.of_stream(layer, quote!(KEEPS_FRAMES))),
            _ => None,
        });
        quote! {
            const STRIDE: ::core::primitive::usize = 1 #(* #strides)*;
            const KEEPS_FRAMES: ::core::primitive::bool = #keeps_frames #(&& #inside)*;
        }
    }

    /// What a step remembers.
    fn memory(&self, step: &Step) -> Option<TokenStream> {
        let fnn = &self.network.header.fnn;
        let window = match step {
            Step::Window(_) | Step::Positions(_) => self.sample(step, quote!(Input)),
            Step::Gather(layer) => layer.input.sample(&self.network.site(), &quote!(::core::primitive::i8)),
            Step::Inner(layer) => return Some(self.of_stream(layer, quote!(Memory))),
            Step::Whole(_) => return None,
        };
        Some(quote!(#fnn::macro_support::LastFrames<#window>))
    }

    /// `type Memory`, the pattern that takes it apart, and `type Scratch`.
    fn memories(&self, steps: &[Step]) -> (TokenStream, TokenStream, TokenStream) {
        let (fnn, batch) = (&self.network.header.fnn, &self.batch);
        let memory = |(index, step)| Some((self.memory(step)?, local("last", index).into_token_stream()));
        let (memories, names): (Vec<_>, Vec<_>) = steps.iter().enumerate().filter_map(memory).unzip();
        let (memories, names) = (pairs(memories.into_iter()), pairs(names.into_iter()));
        let scratch = steps.iter().filter_map(|step| match step {
            Step::Gather(_) => None,
            Step::Inner(layer) => Some(self.of_stream(layer, quote!(Scratch))),
            _ => Some(self.sample(step, quote!(Workspace #batch))),
        });
        (memories, names, largest(fnn, scratch))
    }

    /// Each step: returns if it completes nothing.
    fn calls(&self, steps: &[Step]) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let calls = steps.iter().enumerate().map(|(index, step)| {
            let (before, frame, last) = (local("frame", index), local("frame", index + 1), local("last", index));
            let is_last = index + 1 == steps.len();
            let room = match step {
                _ if is_last => hygienic!(answer),
                Step::Gather(layer) => {
                    let sample = layer.output.sample(&self.network.site(), &quote!(::core::primitive::i8));
                    hygienic!(&mut #fnn::layers::zeroed::<#sample>())
                }
                Step::Inner(layer) => {
                    let sample = self.of_stream(layer, quote!(Answer));
                    hygienic!(&mut #fnn::layers::zeroed::<#sample>())
                }
                _ => {
                    let sample = self.sample(step, quote!(Output));
                    hygienic!(&mut #fnn::layers::zeroed::<#sample>())
                }
            };
            let (simd, push, push_position, forward) = (&self.simd, &self.push, &self.push_position, &self.forward);
            let push_inner = &self.push_inner;
            let call = match step {
                Step::Window(layer) => {
                    let (name, kind, span) = (&layer.name, (self.kind)(layer), &layer.span.tokens);
                    let types = simd.as_ref().map(|_| quote!(_,));
                    hygienic! {
                        if !#push::<#kind, #types _, _, _, { #span }>(
                            &self.#name, #simd #last, #before, #frame, scratch
                        ) {
                            return false;
                        }
                    }
                }
                Step::Positions(layer) => {
                    let name = &layer.name;
                    hygienic! {
                        if !#push_position(&self.#name, #simd #last, #before, #frame, scratch) {
                            return false;
                        }
                    }
                }
                Step::Inner(layer) => {
                    let (name, kind) = (&layer.name, (self.kind)(layer));
                    let types = simd.as_ref().map(|_| quote!(_,));
                    hygienic! {
                        if !#push_inner::<#kind, #types _, _, _, { #is_last }>(
                            &self.#name, #simd #last, #before, #frame, scratch
                        ) {
                            return false;
                        }
                    }
                }
                Step::Gather(_) => hygienic! {
                    if !#fnn::macro_support::gather_frames(#last, #before, #frame) {
                        return false;
                    }
                },
                Step::Whole(layer) => {
                    let name = &layer.name;
                    hygienic!(#forward(&self.#name, #simd #before, #frame, scratch);)
                }
            };
            hygienic! {
                let #frame = #room;
                #call
                let #frame = &*#frame;
            }
        });
        let last = local("frame", steps.len());
        // A branch that passes its input on has no layers in int8.
        let passed = steps.is_empty().then(|| hygienic!(#fnn::macro_support::pass_frame(#last, answer);));
        hygienic!(#(#calls)* #passed let _ = (#last, scratch); true)
    }
}

/// The types of a frame and of an answer: one position of the output, if it has positions.
fn frame_and_answer(family: &Family<'_>, steps: &[Step], scalar: &TokenStream) -> [TokenStream; 2] {
    let network = family.network;
    let site = network.site();
    let frame = |flow: &Flow| {
        let channels = flow.sizes(&site, 2).remove(0).tokens;
        quote!([#scalar; #channels])
    };
    let answer = match steps.last() {
        // Only the compiler knows what a type of the user's own answers.
        Some(Step::Inner(layer)) if layer.blocks.is_empty() => family.of_stream(layer, quote!(Answer)),
        _ if network.keeps_frames() => frame(&network.output),
        _ => network.output.sample(&site, scalar),
    };
    [frame(&network.input), answer]
}

fn float(network: &Network) -> TokenStream {
    let (fnn, scalar) = (&network.header.fnn, &network.header.scalar);
    let family = Family {
        network,
        layer: quote!(#fnn::macro_support::Layer),
        kind: &|layer| layer.layer.clone(),
        batch: Some(quote!(<1>)),
        windowed: quote!(#fnn::macro_support::Windowed),
        stream: quote!(#fnn::macro_support::Stream),
        push: quote!(#fnn::macro_support::push_frame),
        push_position: quote!(#fnn::macro_support::push_position),
        push_inner: quote!(#fnn::macro_support::push_inner),
        forward: quote!(#fnn::macro_support::forward_one),
        simd: Some(hygienic!(simd,)),
    };
    let steps = steps(network);
    let ((memory, pattern, scratch), calls) = (family.memories(&steps), family.calls(&steps));
    let [frame, answer] = frame_and_answer(&family, &steps, &quote!(#scalar));
    let constants = family.constants(&steps);
    let (parameters, path) = (network.parameters(), network.path(scalar));
    hygienic! {
        #[automatically_derived]
        impl<#parameters> #fnn::macro_support::Stream for #path {
            type Frame = #frame;
            type Answer = #answer;
            type Memory = #memory;
            type Scratch = #scratch;

            #constants

            fn push<__V: #fnn::macro_support::Simd>(
                &self,
                simd: __V,
                frame_0: &Self::Frame,
                answer: &mut Self::Answer,
                memory: &mut Self::Memory,
                scratch: &mut Self::Scratch,
            ) -> ::core::primitive::bool {
                let #pattern = memory;
                #calls
            }
        }
    }
}

/// `impl QuantizedStream` for the int8 network, where the scalar is `f32`.
pub(super) fn int8(network: &Network, layers: &[Int8Layer]) -> Option<TokenStream> {
    network.header.streaming?;
    let fnn = &network.header.fnn;
    let family = Family {
        network,
        layer: quote!(#fnn::quantized::QuantizedLayer),
        kind: &|layer| {
            let layer = &layer.layer;
            quote!(<#layer as #fnn::macro_support::Quantize>::Quantized<__A>)
        },
        batch: None,
        windowed: quote!(#fnn::macro_support::QuantizedWindowed),
        stream: quote!(#fnn::macro_support::QuantizedStream),
        push: quote!(#fnn::macro_support::push_integers),
        push_position: quote!(#fnn::macro_support::push_integers_position),
        push_inner: quote!(#fnn::macro_support::push_inner_integers),
        forward: quote!(#fnn::macro_support::forward_integers),
        simd: None,
    };
    let steps = int8_steps(layers);
    let ((memory, pattern, scratch), calls) = (family.memories(&steps), family.calls(&steps));
    let [frame, answer] = frame_and_answer(&family, &steps, &quote!(::core::primitive::i8));
    let strides = family.constants(&steps);
    let (constants, path) = (network.const_parameters(), super::quantized::path(network));
    // Some layers are other types in each arithmetic.
    let bounds = steps.iter().filter_map(|step| match step {
        Step::Window(layer) => {
            let (kind, span) = ((family.kind)(layer), &layer.span.tokens);
            Some(quote!(#kind: #fnn::macro_support::QuantizedWindowed<{ #span }>))
        }
        Step::Inner(layer) => {
            let kind = (family.kind)(layer);
            Some(quote!(#kind: #fnn::macro_support::QuantizedStream))
        }
        _ => None,
    });
    Some(hygienic! {
        #[automatically_derived]
        impl<__A: #fnn::quantized::Arithmetic, #constants> #fnn::macro_support::QuantizedStream for #path
        where
            #(#bounds,)*
        {
            type Frame = #frame;
            type Answer = #answer;
            type Memory = #memory;
            type Scratch = #scratch;

            #strides

            fn push(
                &self,
                frame_0: &Self::Frame,
                answer: &mut Self::Answer,
                memory: &mut Self::Memory,
                scratch: &mut Self::Scratch,
            ) -> ::core::primitive::bool {
                let #pattern = memory;
                #calls
            }
        }
    })
}
