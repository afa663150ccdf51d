//! The forward and backward functions of a network: its stages, one call after the other.

mod backward;
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
                let input = self.input(stage, &hygienic!(self), &before);
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
                    _ => ("forward_train", self.input(stage, &hygienic!(self), &before)),
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
