//! The two parts of a split network.

use std::rc::Rc;

use proc_macro2::Ident;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse_quote;

use super::{Form, Plan, fold};
use crate::kinds::Role;
use crate::model::derives;
use crate::shapes::{Layer, Network};
use crate::split::Split;

/// The two parts, without the items that they share with the whole: constants, aliases, checks, and the items of
/// blocks.
pub(super) fn parts(network: &Network, blocks: &[Vec<Plan>]) -> Option<Box<[Plan; 2]>> {
    let Split { first, second, at, frozen } = network.header.split.as_ref()?;
    let index = network.layers.iter().position(|layer| layer.name.unraw() == at.unraw())?;
    let (before, after) = network.layers.split_at_checked(index)?;
    let (last, next) = (before.last()?, after.first()?);
    let whole = network.header.name.unraw();
    let part = |name: &Ident, text: String| {
        let mut header = network.header.clone();
        header.attributes.retain(derives);
        header.attributes.insert(0, parse_quote!(#[doc = #text]));
        (header.name, header.split, header.streaming) = (name.clone(), None, None);
        let kind = name.unraw().to_string();
        Network { header, kind, constants: Vec::new(), aliases: Vec::new(), checks: Vec::new(), ..network.clone() }
    };
    let parts = [
        Network {
            layers: before.to_vec(),
            output: last.output.clone(),
            exact_output: true,
            ..part(first, format!(" The layers of [`{whole}`] before `{at}`."))
        },
        Network {
            layers: if *frozen { after.iter().map(|layer| freeze(network, layer)).collect() } else { after.to_vec() },
            input: next.input.clone(),
            ..part(second, format!(" The layers of [`{whole}`] from `{at}` on."))
        },
    ];
    let [first, mut second] = parts;
    // The head is trained in floating point; the features can be quantized like any network.
    second.header.quantizable = false;
    let folded = fold::fold(&first, blocks.get(..index).unwrap_or_default());
    let folded_head = fold::fold(&second, blocks.get(index..).unwrap_or_default());
    let plan =
        |network, folded| Plan { form: Form::of(network), blocks: Vec::new(), folded, quantized: None, parts: None };
    Some(Box::new([plan(first, folded).quantize(), plan(second, folded_head)]))
}

/// A layer with its running statistics frozen, if it has any.
fn freeze(network: &Network, layer: &Rc<Layer>) -> Rc<Layer> {
    if layer.role != Role::Affine {
        return Rc::clone(layer);
    }
    let (fnn, before) = (&network.header.fnn, &layer.layer);
    let frozen = quote!(<#before as #fnn::macro_support::FreezeStatistics>::Frozen);
    Rc::new(Layer { layer: frozen.clone(), field: frozen, ..Layer::clone(layer) })
}
