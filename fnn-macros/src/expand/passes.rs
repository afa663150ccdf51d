//! The forward and backward functions of a network: its stages, one call after the other.

mod calls;
mod views;

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use super::buffers::{batches, buffer, pairs};
use super::{checked, local};
use crate::flow::Flow;
use crate::plan::{Form, Stage};
use crate::shapes::Network;

/// `fn forward_batch` to `fn backward_deferring`.
pub(super) fn functions(form: &Form) -> TokenStream {
    let passes = Passes::new(form);
    let (forward, train, backward) = (passes.forward_batch(), passes.forward_train(), passes.backward());
    let (rows, deferring, onto) = (passes.forward_rows(), passes.backward_deferring(), passes.backward_onto());
    hygienic!(#forward #train #rows #backward #onto #deferring)
}

pub(super) struct Passes<'a> {
    pub(super) network: &'a Network,
    pub(super) stages: &'a [Stage],
    /// The types of a sample between two stages.
    pub(super) batches: Vec<TokenStream>,
}

/// The purpose of a forward pass.
#[derive(Clone, Copy)]
enum Forward {
    Inference,
    /// Batches stay on the tape.
    Training,
}

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

impl<'a> Passes<'a> {
    pub(super) fn new(form: &'a Form) -> Self {
        Self { network: &form.network, stages: &form.stages, batches: batches(form) }
    }

    /// Inference: batch `i`, the output of stage `i`, alternates between the two buffers.
    fn forward_batch(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let stages = self.go_forward(Forward::Inference);
        hygienic! {
            #[inline(always)]
            fn forward_batch<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                simd: __V,
                inputs: &[Self::Input],
                outputs: &mut [Self::Output],
                workspace: &mut Self::Workspace<{ __BATCH }>,
            ) {
                #stages
            }
        }
    }

    /// The forward pass of training on samples in order.
    fn forward_train(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        hygienic! {
            #[inline(always)]
            fn forward_train<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                inputs: &[Self::Input],
                outputs: &mut [Self::Output],
                tape: &mut Self::Tape<{ __BATCH }>,
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                let inputs = #fnn::macro_support::Rows::in_order(inputs);
                #fnn::macro_support::Layer::forward_rows::<__V, { __BATCH }>(self, pass, inputs, outputs, tape, workspace);
            }
        }
    }

    /// The forward pass of training: batch `i` stays on the tape.
    fn forward_rows(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let stages = self.go_forward(Forward::Training);
        let reads_rows = self.stages.first().map_or(quote!(false), |stage| stage.layer.member(fnn, quote!(READS_ROWS)));
        hygienic! {
            const READS_ROWS: ::core::primitive::bool = #reads_rows;

            #[inline(always)]
            fn forward_rows<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                inputs: #fnn::macro_support::Rows<'_, Self::Input>,
                outputs: &mut [Self::Output],
                tape: &mut Self::Tape<{ __BATCH }>,
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                #stages
            }
        }
    }

    /// The chain rule.
    fn backward(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let stages = self.go_back(Backward::Keep);
        let reads_outputs = self.reads_outputs();
        hygienic! {
            #reads_outputs

            #[inline(always)]
            fn backward<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                gradient: #fnn::macro_support::Gradient<'_, Self>,
                input_gradients: ::core::option::Option<&mut [Self::Input]>,
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

    /// The chain rule, with input gradients that are added to others, for networks whose first layer may be able to add them.
    fn backward_onto(&self) -> Option<TokenStream> {
        let fnn = &self.network.header.fnn;
        self.stages.first().filter(|stage| stage.adds_input_gradients())?;
        let stages = self.go_back(Backward::Onto);
        Some(hygienic! {
            #[inline(always)]
            fn backward_onto<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                gradient: #fnn::macro_support::Gradient<'_, Self>,
                input_gradients: ::core::option::Option<#fnn::macro_support::Onto<'_, Self::Input>>,
                workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
            ) {
                let #fnn::macro_support::Gradient { weights, start } = gradient;
                #stages
            }
        })
    }

    /// The chain rule, without the weight gradients that are computed later.
    fn backward_deferring(&self) -> TokenStream {
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
    pub(super) fn train_in_place(&self) -> TokenStream {
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

    /// From the first stage to the last: batch `i` is the output of stage `i`.
    fn go_forward(&self, pass: Forward) -> TokenStream {
        let (checked, workspace) = (checked(self.network), self.workspace_pattern());
        let tape = match pass {
            Forward::Inference => TokenStream::new(),
            Forward::Training => {
                let tape = self.tape_pattern();
                hygienic!(let #tape = tape;)
            }
        };
        let stages = self.stages.iter().enumerate().map(|(index, stage)| self.forward_stage(pass, index + 1, stage));
        let last = local("batch", self.stages.len());
        let formats = match pass {
            Forward::Inference if self.has_images() => Some(self.formats()),
            _ => None,
        };
        hygienic! {
            #checked
            #tape
            #formats
            let #workspace = workspace;
            let samples = inputs.len();
            let batch_0 = inputs;
            #(#stages)*
            let _ = (#last, samples, ping, pong, scratch);
        }
    }

    /// Whether batches between stages may be images, which have more than one format.
    fn has_images(&self) -> bool {
        let between = self.stages.len().saturating_sub(1);
        self.stages
            .iter()
            .take(between)
            .any(|stage| matches!(&stage.last().output, Flow::Sizes(sizes) if sizes.len() > 1))
    }

    /// The format of the batches of each stage in inference.
    fn formats(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let formats = self.stages.iter().map(|stage| {
            let formats = stage.layer.member(fnn, quote!(FORMATS));
            if stage.views.is_empty() { formats } else { quote!(#formats.behind_view()) }
        });
        hygienic! {
            let formats = const {
                let has_vectors = #fnn::macro_support::outlined::has_vectors::<__V, Self::Scalar>();
                #fnn::macro_support::ChannelsLast::between([#(#formats),*], has_vectors)
            };
        }
    }

    /// One stage: from the batch before to batch `number`.
    fn forward_stage(&self, pass: Forward, number: usize, stage: &Stage) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let (batch, buffer, scratch) = (local("batch", number), buffer(number), self.scratch());
        let room = match (pass, self.batches.get(number - 1)) {
            (_, None) => self.outputs_mut("outputs"),
            (Forward::Inference, Some(sample)) => {
                hygienic!(#fnn::macro_support::batch::<#sample, { __BATCH }, _>(#buffer, samples))
            }
            (Forward::Training, Some(_)) => hygienic!(#fnn::macro_support::first_mut(#batch, samples)),
        };
        let before = local("batch", number - 1);
        let (function, context, simd, input, more) = match pass {
            Forward::Inference => {
                let input = self.input(stage, &before);
                let (function, format) = if self.has_images() {
                    let index = Literal::usize_unsuffixed(number - 1);
                    ("forward_formatted", Some(hygienic!(formats[#index],)))
                } else {
                    ("forward_batch", None)
                };
                (self.call(stage, function), hygienic!(simd), hygienic!(simd), input, format)
            }
            Forward::Training => {
                let (index, tape) = (stage.index as u64, local("tape", number));
                let (context, simd) = (hygienic!(pass.inside(#index)), hygienic!(pass.simd));
                let (function, input) = match number {
                    1 => ("forward_rows", self.rows(stage, &before)),
                    _ => ("forward_train", self.input(stage, &before)),
                };
                (self.call(stage, function), context, simd, input, Some(hygienic!(#tape,)))
            }
        };
        let name = &stage.layer.name;
        let layer = stage.shared(hygienic!(&self.#name));
        let activation = stage.activation.as_ref().map(|activation| {
            let (name, forward) = (&activation.name, self.activation(&hygienic!(forward_in_place)));
            hygienic!(#forward(&self.#name, #simd, &mut *#batch);)
        });
        hygienic! {
            let #batch = #room;
            #function(#layer, #context, #input, &mut *#batch, #more #scratch);
            #activation
            let #batch = &*#batch;
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

    /// All batches of a forward pass.
    pub(super) fn recorded(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let (tape, count) = (self.tape_pattern(), self.stages.len());
        let last_batch = local("batch", count);
        let recorded = (1..count).map(|number| {
            let batch = local("batch", number);
            hygienic!(let #batch = #fnn::macro_support::first(#batch, samples);)
        });
        let outputs = self.outputs("outputs");
        hygienic! {
            let #fnn::macro_support::Recorded { inputs, outputs, tape } = recorded;
            let #tape = tape;
            let samples = outputs.len();
            let batch_0 = inputs;
            #(#recorded)*
            let #last_batch = #outputs;
        }
    }

    /// One stage: from gradient `number` to the one before it.
    fn backward_stage(&self, pass: Backward, number: usize, stage: &Stage) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let (batch, before) = (local("batch", number), local("batch", number - 1));
        let (gradient, gradient_before) = (local("gradient", number), local("gradient", number - 1));
        let (tape, scratch, buffer) = (local("tape", number), self.scratch(), buffer(number - 1));
        let room = self.before(number).map(|(stage, sample)| {
            let layer = &stage.layer.layer;
            let room = match pass {
                Backward::Defer => hygienic!(deferral.outputs::<#layer, #sample, { __BATCH }, _>(#buffer, samples)),
                _ => hygienic!(#fnn::macro_support::batch::<#sample, { __BATCH }, _>(#buffer, samples)),
            };
            hygienic!(let #gradient_before = #room;)
        });
        let wanted = if number > 1 {
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
        }
    }

    /// The stage before stage `number`, and the type of its outputs.
    pub(super) fn before(&self, number: usize) -> Option<(&Stage, &TokenStream)> {
        let index = number.checked_sub(2)?;
        self.stages.get(index).zip(self.batches.get(index))
    }

    /// `(ping, (pong, scratch))`
    fn workspace_pattern(&self) -> TokenStream {
        let [ping, pong] = [buffer(1), buffer(2)];
        hygienic!((#ping, (#pong, scratch)))
    }

    /// The workspace of the current layer.
    fn scratch(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        hygienic!(#fnn::macro_support::workspace(&mut *scratch))
    }

    /// `(batch_1, (…, (tape_1, …)))`
    fn tape_pattern(&self) -> TokenStream {
        let batches = (1..self.stages.len()).map(|index| local("batch", index).into_token_stream());
        let tapes = (1..=self.stages.len()).map(|index| local("tape", index).into_token_stream());
        pairs(batches.chain(tapes))
    }
}
