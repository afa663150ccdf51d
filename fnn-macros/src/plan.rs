//! The plan of an expansion: every decision is made here, once. `expand` only prints it.

mod aware;
mod fold;
mod int8;
mod parts;
mod stages;
mod stream;

use std::rc::Rc;

use proc_macro2::Ident;

pub(crate) use self::aware::{Aware, Rounding};
pub(crate) use self::fold::{Folded, Source, folds};
pub(crate) use self::int8::Int8Layer;
pub(crate) use self::stages::Stage;
pub(crate) use self::stream::{Step, int8_steps, steps};
use crate::report::Errors;
use crate::shapes::{Layer, Network};

/// A network, and the networks derived from it.
pub(crate) struct Plan {
    pub(crate) form: Form,
    /// The insides of each layer, if it is a block.
    pub(crate) blocks: Vec<Vec<Plan>>,
    /// The folded network for inference, if there is something to fold.
    pub(crate) folded: Option<Folded>,
    /// The int8 network, if quantizable.
    pub(crate) quantized: Option<Quantized>,
    /// The two parts of a split network.
    pub(crate) parts: Option<Box<[Plan; 2]>>,
}

/// A floating-point network and its stages.
pub(crate) struct Form {
    pub(crate) network: Network,
    pub(crate) stages: Vec<Stage>,
}

/// The int8 form of [`Plan::inference`].
pub(crate) struct Quantized {
    pub(crate) layers: Vec<Int8Layer>,
    /// The network for quantization-aware training.
    pub(crate) aware: Aware,
}

/// Makes the plan, and reports what can't be done.
pub(crate) fn plan(network: Network, errors: &mut Errors) -> Plan {
    let plan = Plan::of(network);
    int8::check(&plan, errors);
    stream::check(&plan.form.network, errors);
    plan
}

impl Plan {
    fn of(network: Network) -> Self {
        let of_blocks = |layer: &Rc<Layer>| layer.blocks.iter().cloned().map(Self::of).collect();
        let blocks: Vec<_> = network.layers.iter().map(of_blocks).collect();
        let (folded, parts) = (fold::fold(&network, &blocks), parts::parts(&network, &blocks));
        Self { form: Form::of(network), blocks, folded, quantized: None, parts }.quantize()
    }

    /// Adds the int8 network, if quantizable.
    fn quantize(mut self) -> Self {
        self.quantized = self.form.network.header.quantizable.then(|| {
            let layers = int8::layers(self.inference());
            let aware = aware::aware(self.inference(), &layers);
            Quantized { layers, aware }
        });
        self
    }

    /// The network for inference: the folded one, or the network itself.
    pub(crate) fn inference(&self) -> &Network {
        self.folded.as_ref().map_or(&self.form.network, |folded| &folded.form.network)
    }
}

impl Form {
    fn of(network: Network) -> Self {
        Self { stages: stages::stages(&network), network }
    }

    /// A network derived from another one, which the user never names.
    fn derived(from: &Network, name: Ident, layers: Vec<Rc<Layer>>) -> Self {
        let mut header = from.header.clone();
        header.name = name;
        Self::of(Network {
            header,
            layers,
            constants: Vec::new(),
            aliases: Vec::new(),
            checks: Vec::new(),
            hidden: true,
            ..from.clone()
        })
    }
}
