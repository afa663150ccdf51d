//! The backward functions of a network, from the last stage to the first.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::buffers::gradient_buffer;
use super::super::local;
use super::Passes;
use crate::plan::Stage;

/// What a backward pass does with a layer's gradient.
#[derive(Clone, Copy)]
enum Backward {
    /// It is stored in the network's gradient.
    Keep,
    /// The same; and the gradients of the network's inputs are added to others.
    Onto,
    /// The layer is updated right away.
    Update,
    /// It may be computed later.
    Defer,
}

impl Passes<'_> {
    /// The chain rule.
    pub(super) fn backward(&self) -> TokenStream {
        let reads_outputs = self.reads_outputs();
        let backward = self.chain_rule(Backward::Keep, hygienic!(backward), hygienic!(&mut [Self::Input]));
        hygienic!(#reads_outputs #backward)
    }

    /// The chain rule, with input gradients that are added to others, for networks whose first layer may be able to add them.
    pub(super) fn backward_onto(&self) -> Option<TokenStream> {
        let fnn = &self.network.header.fnn;
        self.stages.first().filter(|stage| stage.adds_input_gradients())?;
        let to = hygienic!(#fnn::macro_support::Onto<'_, Self::Input>);
        Some(self.chain_rule(Backward::Onto, hygienic!(backward_onto), to))
    }

    /// A function of the chain rule, with gradients that are kept, and where the inputs' go.
    fn chain_rule(&self, pass: Backward, name: TokenStream, to: TokenStream) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let stages = self.go_back(pass);
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
                let #fnn::macro_support::Gradient { weights, start } = gradient;
                #stages
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
        let stages = self.go_back(Backward::Defer);
        hygienic! {
            #[inline(always)]
            fn backward_deferring<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                mut deferral: #fnn::macro_support::Deferral<'_, Self::Scalar>,
                input_gradients: ::core::option::Option<&mut [Self::Input]>,
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                #stages
            }
        }
    }

    /// The chain rule, and each layer's update right after it.
    pub(in crate::expand) fn train_in_place(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let stages = self.go_back(Backward::Update);
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
                mut descent: #fnn::macro_support::Descent<'_, __O, Self::Scalar, Self::LayerGradient>,
                mut slots: [&mut Self; __SLOTS],
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                let input_gradients = ::core::option::Option::None::<&mut [Self::Input]>;
                #stages
            }
        }
    }

    /// From the last stage to the first: gradient `i` is with respect to batch `i`.
    fn go_back(&self, pass: Backward) -> TokenStream {
        let (recorded, workspace) = (self.recorded(), self.workspace_pattern());
        let last_gradient = local("gradient", self.stages.len());
        let output_gradients = self.outputs_mut("output_gradients");
        let stages = (1..=self.stages.len()).rev().zip(self.stages.iter().rev());
        let stages = stages.map(|(number, stage)| self.backward_stage(pass, number, stage));
        hygienic! {
            #recorded
            let #workspace = workspace;
            let #last_gradient = #output_gradients;
            #(#stages)*
            let _ = (ping, pong, scratch);
        }
    }

    /// One stage: from gradient `number` to the one before it.
    fn backward_stage(&self, pass: Backward, number: usize, stage: &Stage) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let stage = &stage.back();
        let (batch, before) = (local("batch", number), local("batch", number - 1));
        let (gradient, gradient_before) = (local("gradient", number), local("gradient", number - 1));
        let (tape, scratch, buffer) = (local("tape", number), self.scratch(), gradient_buffer(self.stages, number - 1));
        let in_place = stage.is_back_in_place.then(|| hygienic!(let #gradient_before = #gradient;));
        let room = self.before(number).filter(|_| !stage.is_back_in_place).map(|(stage, sample)| {
            let layer = &stage.layer.layer;
            let room = match pass {
                Backward::Defer => hygienic!(deferral.outputs::<#layer, #sample, { __BATCH }, _>(#buffer, samples)),
                _ => hygienic!(#fnn::macro_support::batch::<#sample, { __BATCH }, _>(#buffer, samples)),
            };
            hygienic!(let #gradient_before = #room;)
        });
        let wanted = if stage.is_back_in_place {
            hygienic!(::core::option::Option::None)
        } else if number > 1 {
            let view = self.input_mut(stage, hygienic!(&mut *#gradient_before));
            hygienic!(::core::option::Option::Some(#view))
        } else if stage.views.is_empty() && stage.layer.exact_input {
            hygienic!(input_gradients)
        } else {
            let view = self.input_mut(stage, hygienic!(gradients));
            hygienic!(input_gradients.map(|gradients| #view))
        };
        let activation = stage.activation.as_ref().map(|activation| {
            let (name, backward) = (&activation.name, self.activation(&hygienic!(backward_in_place)));
            hygienic!(#backward(&self.#name, pass.simd, #batch, &mut *#gradient);)
        });
        let name = &stage.layer.name;
        let (function, layer, own) = match pass {
            Backward::Keep | Backward::Onto => {
                let weights = stage.exclusive(hygienic!(&mut weights.#name));
                let own = hygienic!(#fnn::macro_support::Gradient::new(#weights, start));
                let is_onto = number == 1 && matches!(pass, Backward::Onto);
                (
                    self.call(stage, if is_onto { "backward_onto" } else { "backward" }),
                    stage.shared(hygienic!(&self.#name)),
                    own,
                )
            }
            Backward::Update => (self.update(stage), stage.exclusive(hygienic!(&mut self.#name)), self.descent(stage)),
            Backward::Defer => {
                let layer = &stage.layer.layer;
                let own = hygienic!(deferral.of::<#layer>(samples));
                (self.call(stage, "backward_deferring"), stage.shared(hygienic!(&self.#name)), own)
            }
        };
        let (index, inputs) = (stage.index as u64, self.input(stage, &before));
        hygienic! {
            #room
            #activation
            #function(
                #layer,
                pass.inside(#index),
                #fnn::macro_support::Recorded::<_, { __BATCH }> { inputs: #inputs, outputs: #batch, tape: #tape },
                &mut *#gradient,
                #own,
                #wanted,
                #scratch,
            );
            #in_place
        }
    }
}
