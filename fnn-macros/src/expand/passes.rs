//! The forward and backward functions of a network: its stages, one call after the other.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Ident;

use super::memory::{batches, pairs};
use super::{checked, local};
use crate::kinds::Role;
use crate::shapes::{Layer, Network};
use crate::stages::Stage;

/// `fn forward_batch`, `fn forward_train` and `fn backward`.
pub(super) fn functions(network: &Network, stages: &[Stage<'_>]) -> TokenStream {
    let passes = Passes::new(network, stages);
    let (forward, train, backward) = (passes.forward_batch(), passes.forward_train(), passes.backward());
    hygienic!(#forward #train #backward)
}

/// Stages up to which a network's layers are inlined into its functions. More of them would take the compiler long.
const INLINED: usize = 3;

pub(super) struct Passes<'a> {
    network: &'a Network,
    stages: &'a [Stage<'a>],
    /// The types of a sample between two stages.
    batches: Vec<TokenStream>,
}

impl<'a> Passes<'a> {
    pub(super) fn new(network: &'a Network, stages: &'a [Stage<'a>]) -> Self {
        Self { network, stages, batches: batches(network, stages) }
    }

    /// Inference: batch `i`, which stage `i` gives, lies in the two pieces of memory in turn.
    fn forward_batch(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let checked = checked(self.network);
        let memory = self.workspace_pattern();
        let stages = self.stages.iter().enumerate().map(|(index, stage)| {
            let batch = local("batch", index + 1);
            let workspace = self.scratch();
            let memory = self.memory(index + 1);
            let take = match self.batches.get(index) {
                Some(sample) => hygienic!(#fnn::macro_support::batch::<#sample, { __BATCH }, _>(#memory, samples)),
                None => self.outputs_mut("outputs"),
            };
            let input = self.input(stage, &local("batch", index));
            let layer = &stage.layer.name;
            let forward = self.call(stage, "forward_batch");
            let activation = stage.activation.map(|activation| {
                let (name, forward) = (&activation.name, self.activation(&hygienic!(forward_in_place)));
                hygienic!(#forward(&self.#name, simd, &mut *#batch);)
            });
            hygienic! {
                let #batch = #take;
                #forward(&self.#layer, simd, #input, &mut *#batch, #workspace);
                #activation
                let #batch = &*#batch;
            }
        });
        let last = local("batch", self.stages.len());
        hygienic! {
            #[inline(always)]
            fn forward_batch<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                simd: __V,
                inputs: &[Self::Input],
                outputs: &mut [Self::Output],
                workspace: &mut Self::Workspace<{ __BATCH }>,
            ) {
                #checked
                let #memory = workspace;
                let samples = inputs.len();
                let batch_0 = inputs;
                #(#stages)*
                let _ = (#last, samples, ping, pong, scratch);
            }
        }
    }

    /// The forward pass of training: batch `i` stays on the tape.
    fn forward_train(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let checked = checked(self.network);
        let (tape, memory) = (self.tape_pattern(), self.workspace_pattern());
        let stages = self.stages.iter().enumerate().map(|(index, stage)| {
            let batch = local("batch", index + 1);
            let (tape, workspace) = (local("tape", index + 1), self.scratch());
            let take = match self.batches.get(index) {
                Some(_) => hygienic!(#fnn::macro_support::first_mut(#batch, samples)),
                None => self.outputs_mut("outputs"),
            };
            let input = self.input(stage, &local("batch", index));
            let layer = &stage.layer.name;
            let place = self.place(stage.layer);
            let forward = self.call(stage, "forward_train");
            let activation = stage.activation.map(|activation| {
                let (name, forward) = (&activation.name, self.activation(&hygienic!(forward_in_place)));
                hygienic!(#forward(&self.#name, pass.simd, &mut *#batch);)
            });
            hygienic! {
                let #batch = #take;
                #forward(&self.#layer, pass.inside(#place), #input, &mut *#batch, #tape, #workspace);
                #activation
                let #batch = &*#batch;
            }
        });
        let last = local("batch", self.stages.len());
        hygienic! {
            #[inline(always)]
            fn forward_train<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                inputs: &[Self::Input],
                outputs: &mut [Self::Output],
                tape: &mut Self::Tape<{ __BATCH }>,
                workspace: &mut Self::Workspace<{ __BATCH }>,
            ) {
                #checked
                let #tape = tape;
                let #memory = workspace;
                let samples = inputs.len();
                let batch_0 = inputs;
                #(#stages)*
                let _ = (#last, samples, ping, pong, scratch);
            }
        }
    }

    /// The chain rule.
    fn backward(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let layers = self.go_back("backward", |stage| {
            let name = &stage.layer.name;
            (hygienic!(&self.#name), hygienic!(#fnn::macro_support::Gradient::new(&mut weights.#name, start)))
        });
        hygienic! {
            #[inline(always)]
            fn backward<__V: #fnn::macro_support::Simd, const __BATCH: ::core::primitive::usize>(
                &self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                gradient: #fnn::macro_support::Gradient<'_, Self>,
                input_gradients: ::core::option::Option<&mut [Self::Input]>,
                workspace: &mut Self::Workspace<{ __BATCH }>,
            ) {
                let #fnn::macro_support::Gradient { weights, start } = gradient;
                #layers
            }
        }
    }

    /// The chain rule, and each layer's update right after it.
    pub(super) fn descend(&self) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let layers = self.go_back("descend", |stage| {
            let name = &stage.layer.name;
            (hygienic!(&mut self.#name), hygienic!(descent.one()))
        });
        hygienic! {
            #[inline(always)]
            fn train_in_place<
                __V: #fnn::macro_support::Simd,
                __O: #fnn::macro_support::Optimizer<0>,
                const __BATCH: ::core::primitive::usize,
            >(
                &mut self,
                pass: #fnn::macro_support::Pass<'_, __V>,
                recorded: #fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
                output_gradients: &mut [Self::Output],
                mut descent: #fnn::macro_support::Descent<'_, __O, Self::Scalar, Self::LayerGradient>,
                workspace: &mut Self::Workspace<{ __BATCH }>,
            ) {
                let input_gradients = ::core::option::Option::None::<&mut [Self::Input]>;
                #layers
            }
        }
    }

    /// From the last stage to the first: gradient `i` is that by batch `i`. Each layer's `function` is called on what
    /// `arguments` says first, and takes what it says second for its own gradient.
    fn go_back(&self, function: &str, arguments: impl Fn(&Stage<'_>) -> (TokenStream, TokenStream)) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let (tape, memory) = (self.tape_pattern(), self.workspace_pattern());
        let count = self.stages.len();
        let (last_batch, last_gradient) = (local("batch", count), local("gradient", count));
        let recorded = (1..count).map(|index| {
            let batch = local("batch", index);
            hygienic!(let #batch = #fnn::macro_support::first(#batch, samples);)
        });
        let outputs =
            if self.network.exact_output { hygienic!(outputs) } else { hygienic!(#fnn::macro_support::view(outputs)) };
        let output_gradients = self.outputs_mut("output_gradients");
        let stages = (1..=count).rev().zip(self.stages.iter().rev());
        let stages = stages.map(|(index, stage)| self.step_back(index, stage, function, arguments(stage)));
        hygienic! {
            let #fnn::macro_support::Recorded { inputs, outputs, tape } = recorded;
            let #tape = tape;
            let #memory = workspace;
            let samples = inputs.len();
            let batch_0 = inputs;
            #(#recorded)*
            let #last_batch = #outputs;
            let #last_gradient = #output_gradients;
            #(#stages)*
            let _ = (ping, pong, scratch);
        }
    }

    /// One stage: from gradient `index` to the one before it.
    fn step_back(
        &self,
        index: usize,
        stage: &Stage<'_>,
        function: &str,
        (layer, own): (TokenStream, TokenStream),
    ) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let (batch, before) = (local("batch", index), local("batch", index - 1));
        let (gradient, gradient_before) = (local("gradient", index), local("gradient", index - 1));
        let (tape, workspace, memory) = (local("tape", index), self.scratch(), self.memory(index - 1));
        let take = index.checked_sub(2).and_then(|before| self.batches.get(before)).map(
            |sample| hygienic!(let #gradient_before = #fnn::macro_support::batch::<#sample, { __BATCH }, _>(#memory, samples);),
        );
        let wanted = if index > 1 {
            let view = self.input_mut(stage, hygienic!(&mut *#gradient_before));
            hygienic!(::core::option::Option::Some(#view))
        } else if stage.views.is_empty() && stage.layer.exact_input {
            hygienic!(input_gradients)
        } else {
            let view = self.input_mut(stage, hygienic!(gradients));
            hygienic!(input_gradients.map(|gradients| #view))
        };
        let activation = stage.activation.map(|activation| {
            let (name, backward) = (&activation.name, self.activation(&hygienic!(backward_in_place)));
            hygienic!(#backward(&self.#name, pass.simd, #batch, &mut *#gradient);)
        });
        let place = self.place(stage.layer);
        let inputs = self.input(stage, &before);
        let function = self.call(stage, function);
        hygienic! {
            #take
            #activation
            #function(
                #layer,
                pass.inside(#place),
                #fnn::macro_support::Recorded::<_, { __BATCH }> { inputs: #inputs, outputs: #batch, tape: #tape },
                &mut *#gradient,
                #own,
                #wanted,
                #workspace,
            );
        }
    }

    /// A stage's function: inlined here, or called.
    fn call(&self, stage: &Stage<'_>, function: &str) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let (inlined, layer) = (self.stages.len() <= INLINED, &stage.layer.layer);
        if function == "descend" {
            return match (stage.layer.role, inlined) {
                (Role::Linear, true) => {
                    hygienic!(<#layer as #fnn::macro_support::Descend>::descend::<__V, __O, _, { __BATCH }>)
                }
                (Role::Linear, false) => {
                    hygienic!(#fnn::macro_support::outlined::descend_linear::<#layer, __V, __O, _, { __BATCH }>)
                }
                (_, true) => hygienic!(#fnn::macro_support::descend::<#layer, __V, __O, _, { __BATCH }>),
                (_, false) => hygienic!(#fnn::macro_support::outlined::descend::<#layer, __V, __O, _, { __BATCH }>),
            };
        }
        let function = Ident::new(function, Span::mixed_site());
        if inlined {
            return stage.layer.member(fnn, hygienic!(#function::<__V, { __BATCH }>));
        }
        hygienic!(#fnn::macro_support::outlined::#function::<#layer, __V, { __BATCH }>)
    }

    /// An activation's function: inlined here, or called.
    fn activation(&self, function: &TokenStream) -> TokenStream {
        let fnn = &self.network.header.fnn;
        if self.stages.len() <= INLINED {
            return hygienic!(#fnn::layers::Activation::#function);
        }
        hygienic!(#fnn::macro_support::outlined::#function)
    }

    /// A batch as a stage's layer sees it.
    fn input(&self, stage: &Stage<'_>, batch: &Ident) -> TokenStream {
        let viewed = stage.views.iter().fold(batch.to_token_stream(), |batch, view| {
            let name = &view.name;
            hygienic!(self.#name.view(#batch))
        });
        self.as_taken(stage, viewed, hygienic!(view))
    }

    /// [`input`](Self::input), to write.
    fn input_mut(&self, stage: &Stage<'_>, batch: TokenStream) -> TokenStream {
        let viewed = stage.views.iter().fold(batch, |batch, view| {
            let name = &view.name;
            hygienic!(self.#name.view_mut(#batch))
        });
        self.as_taken(stage, viewed, hygienic!(view_mut))
    }

    /// A batch as the type that the layer takes, where the macro can't know that it is that type.
    fn as_taken(&self, stage: &Stage<'_>, batch: TokenStream, view: TokenStream) -> TokenStream {
        let fnn = &self.network.header.fnn;
        if stage.layer.exact_input { batch } else { hygienic!(#fnn::macro_support::#view(#batch)) }
    }

    /// The last stage's outputs, or their gradients, as the type that its layer gives.
    fn outputs_mut(&self, name: &str) -> TokenStream {
        let fnn = &self.network.header.fnn;
        let name = Ident::new(name, Span::mixed_site());
        if self.network.exact_output { hygienic!(#name) } else { hygienic!(#fnn::macro_support::view_mut(#name)) }
    }

    /// The piece of memory that batch number `index` takes.
    fn memory(&self, index: usize) -> Ident {
        Ident::new(if index % 2 == 1 { "ping" } else { "pong" }, Span::mixed_site())
    }

    /// `(ping, (pong, scratch))`
    fn workspace_pattern(&self) -> TokenStream {
        let [ping, pong] = [self.memory(1), self.memory(2)];
        hygienic!((#ping, (#pong, scratch)))
    }

    /// A layer's own workspace, for as long as it works.
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

    /// The number of a layer, on which its randomness depends.
    fn place(&self, layer: &Layer) -> u64 {
        let index = self.network.layers.iter().position(|other| other.name == layer.name);
        index.unwrap_or_default() as u64
    }
}
