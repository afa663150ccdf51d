//! What a network becomes: all that is decided before items are written, each thing once. `expand` only prints it.

mod aware;
mod fold;
mod int8;
mod parts;
mod stages;

use std::rc::Rc;

use proc_macro2::Ident;

pub(crate) use self::aware::{Aware, Rounding};
pub(crate) use self::fold::{Folded, Source, folds};
pub(crate) use self::int8::Int8Layer;
pub(crate) use self::stages::Stage;
use crate::report::Errors;
use crate::shapes::{Layer, Network};

/// A network, and the networks that it becomes.
pub(crate) struct Plan {
    pub(crate) form: Form,
    /// The insides of each layer, if it is a block.
    pub(crate) blocks: Vec<Vec<Plan>>,
    /// The network for inference, where it is another one.
    pub(crate) folded: Option<Folded>,
    /// The network in 8 bits, where it is asked for.
    pub(crate) quantized: Option<Quantized>,
    /// The two networks that it is split into, where that is asked for.
    pub(crate) parts: Option<[Form; 2]>,
}

/// A network that trains and runs inference in floating point, and the stages that it does so in.
pub(crate) struct Form {
    pub(crate) network: Network,
    pub(crate) stages: Vec<Stage>,
}

/// A network in 8 bits: that of [`Plan::inference`].
pub(crate) struct Quantized {
    pub(crate) layers: Vec<Int8Layer>,
    /// The network that is trained as if it were in 8 bits.
    pub(crate) aware: Aware,
}

/// Decide what a network becomes, and report what it cannot become.
pub(crate) fn plan(network: Network, errors: &mut Errors) -> Plan {
    let plan = Plan::of(network);
    int8::check(&plan, errors);
    plan
}

impl Plan {
    fn of(network: Network) -> Self {
        let of_blocks = |layer: &Rc<Layer>| layer.blocks.iter().cloned().map(Self::of).collect();
        let blocks: Vec<_> = network.layers.iter().map(of_blocks).collect();
        let (folded, parts) = (fold::fold(&network, &blocks), parts::parts(&network));
        let mut plan = Self { form: Form::of(network), blocks, folded, quantized: None, parts };
        plan.quantized = plan.form.network.header.quantizable.then(|| {
            let layers = int8::layers(plan.inference());
            let aware = aware::aware(plan.inference(), &layers);
            Quantized { layers, aware }
        });
        plan
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

    /// A network of layers that are made of those of another one, and that a user never names.
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
