//! The backward functions of a network, from the last stage to the first.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::buffers::gradient_buffer;
use super::super::local;
use super::Passes;
use crate::plan::Stage;

impl Passes<'_> {
    /// The chain rule, with a gradient that is stored.
    pub(super) fn backward(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let reads_outputs = self.reads_outputs();
        let body = hygienic! {
            let backward = #fnn::macro_support::backward::Store { network: self, gradient };
            #fnn::macro_support::backward::Sequence::chain_rule(
                backward, pass, recorded, output_gradients, input_gradients, workspace
            );
        };
        let backward = self.storing(&hygienic!(backward), &hygienic!(&mut [Self::Input]), &body);
        hygienic!(#reads_outputs #backward)
    }

    /// The same, with input gradients that are added to others, for networks whose first layer may be able to add them.
    pub(super) fn backward_onto(&self) -> Option<TokenStream> {
        let fnn = &self.network.header.fnn;
        self.stages.first().filter(|stage| stage.adds_input_gradients())?;
        let body = hygienic! {
            let store = #fnn::macro_support::backward::Store { network: self, gradient };
            let backward = #fnn::macro_support::backward::Add { store, inputs: input_gradients };
            #fnn::macro_support::backward::Sequence::chain_rule(
                backward, pass, recorded, output_gradients, ::core::option::Option::None, workspace
            );
        };
        let to = hygienic!(#fnn::macro_support::Onto<'_, Self::Input>);
        Some(self.storing(&hygienic!(backward_onto), &to, &body))
    }

    /// A function with a gradient that is stored, and where the inputs' go.
    fn storing(&self, name: &TokenStream, to: &TokenStream, body: &TokenStream) -> TokenStream {
        let fnn = &self.network.header.fnn;
        hygienic! {
            #[inline(always)]
            fn #name<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                gradient: #fnn::macro_support::Gradient<'_, Self>,
                input_gradients: ::core::option::Option<#to>,
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                #body
            }
        }
    }

    /// `READS_OUTPUTS`: that of the last layer. An activation that overwrites its outputs reads them, which is the default.
    fn reads_outputs(&self) -> Option<TokenStream> {
        let fnn = &self.network.header.fnn;
        let stage = self.stages.last().filter(|stage| stage.activation.is_none())?;
        let reads_outputs = stage.layer.member(fnn, quote!(READS_OUTPUTS));
        Some(hygienic!(const READS_OUTPUTS: ::core::primitive::bool = #reads_outputs;))
    }

    /// The chain rule, without the weight gradients that are computed later.
    pub(super) fn backward_deferring(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        hygienic! {
            #[inline(always)]
            fn backward_deferring<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                deferral: #fnn::macro_support::Deferral<'_, Self::Scalar>,
                input_gradients: ::core::option::Option<&mut [Self::Input]>,
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                let samples = recorded.outputs.len();
                let backward = #fnn::macro_support::backward::Defer { network: self, deferral, samples };
                #fnn::macro_support::backward::Sequence::chain_rule(
                    backward, pass, recorded, output_gradients, input_gradients, workspace
                );
            }
        }
    }

    /// The chain rule, and each layer's update right after it.
    pub(in crate::expand) fn train_in_place(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        hygienic! {
            #[inline(always)]
            fn train_in_place<
                __V: #fnn::macro_support::Simd,
                __O: #fnn::macro_support::Optimizer<{ __SLOTS }>,
                const __SLOTS: ::core::primitive::usize,
                const __BATCH: ::core::primitive::usize,
            >(
                &mut self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                descent: #fnn::macro_support::Descent<'_, __O, Self::Scalar, Self::LayerGradient>,
                slots: [&mut Self; __SLOTS],
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                let backward = #fnn::macro_support::backward::Update { network: self, descent, slots };
                #fnn::macro_support::backward::Sequence::chain_rule(
                    backward, pass, recorded, output_gradients, ::core::option::Option::None, workspace
                );
            }
        }
    }

    /// `fn chain_rule`, from the last stage to the first: gradient `i` is with respect to batch `i`.
    pub(in crate::expand) fn chain_rule(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let (recorded, workspace) = (self.recorded(), self.workspace_pattern());
        let last_gradient = local("gradient", self.stages.len());
        let output_gradients = self.outputs_mut("output_gradients");
        let stages = (1..=self.stages.len()).rev().zip(self.stages.iter().rev());
        let stages = stages.map(|(number, stage)| self.backward_stage(number, stage));
        hygienic! {
            #[inline(always)]
            fn chain_rule<
                __P: #fnn::macro_support::backward::Backward<Self>,
                __V: #fnn::macro_support::Simd,
                const __BATCH: ::core::primitive::usize,
            >(
                mut backward: __P,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                input_gradients: ::core::option::Option<&mut [Self::Input]>,
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                #recorded
                let #workspace = workspace;
                let #last_gradient = #output_gradients;
                #(#stages)*
                let _ = (ping, pong, scratch);
            }
        }
    }

    /// One stage: from gradient `number` to the one before it.
    fn backward_stage(&self, number: usize, stage: &Stage) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let function = Self::backward_function(number, stage);
        let stage = &stage.back();
        let (batch, before) = (local("batch", number), local("batch", number - 1));
        let (gradient, gradient_before) = (local("gradient", number), local("gradient", number - 1));
        let (tape, buffer) = (local("tape", number), gradient_buffer(self.stages, number - 1));
        let in_place = stage.is_back_in_place.then(|| hygienic!(let #gradient_before = #gradient;));
        let room = self.before(number).filter(|_| !stage.is_back_in_place).map(|(stage, sample)| {
            let layer = &stage.layer.layer;
            hygienic!(let #gradient_before = backward.outputs::<#layer, #sample, { __BATCH }, _>(#buffer, samples);)
        });
        let network = hygienic!(backward.network());
        let wanted = if stage.is_back_in_place {
            hygienic!(::core::option::Option::None)
        } else if number > 1 {
            let view = self.input_mut(stage, &network, hygienic!(&mut *#gradient_before));
            hygienic!(::core::option::Option::Some(#view))
        } else if stage.views.is_empty() && stage.layer.exact_input {
            hygienic!(input_gradients)
        } else {
            let view = self.input_mut(stage, &network, hygienic!(gradients));
            hygienic!(input_gradients.map(|gradients| #view))
        };
        let activation = stage.activation.as_ref().map(|activation| {
            let (name, backward) = (&activation.name, self.activation(&hygienic!(backward_in_place)));
            hygienic!(#backward(&#network.#name, pass.simd, #batch, &mut *#gradient);)
        });
        let (name, layer) = (&stage.layer.name, &stage.layer.layer);
        let (index, inputs) = (stage.index as u64, self.input(stage, &network, &before));
        hygienic! {
            #room
            #activation
            backward.#function(
                const { #fnn::macro_support::Place::<Self, #layer>::after(::core::mem::offset_of!(Self, #name)) },
                pass.inside(#index),
                #fnn::macro_support::Recorded::<_, { __BATCH }> { inputs: #inputs, outputs: #batch, tape: #tape },
                &mut *#gradient,
                #wanted,
                &mut *scratch,
            );
            #in_place
        }
    }
}
