//! Blocks: layers inside layers.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::{Chain, Declared, Layer, Network};
use crate::flow::{Flow, Site};
use crate::generated;
use crate::kinds::{CONCAT, PRODUCT, RESIDUAL, SUM};
use crate::model::{self, Header, generic_arguments};
use crate::size::Size;

/// The name in the table of one of a layer's branches.
const BRANCH: &str = "Branch";

impl Chain<'_> {
    /// Layers with a shortcut around them.
    pub(super) fn residual(
        &mut self,
        network: &mut Network,
        layer: &mut Layer,
        site: &Site<'_>,
        inside: Vec<model::Layer>,
    ) {
        let declared = Declared { output: layer.input.clone(), check: Some("check_residual") };
        let inside = self.block(network, layer, inside, RESIDUAL.name, Some(declared));
        let fnn = site.fnn;
        layer.field = quote!(#fnn::layers::Residual<#inside>);
        (layer.role, layer.int8) = (RESIDUAL.role, RESIDUAL.int8);
    }

    /// Branches whose outputs are added: nested pairs of the first and the sum of all others.
    pub(super) fn sum(
        &mut self,
        network: &mut Network,
        layer: &mut Layer,
        site: &Site<'_>,
        branches: Vec<Vec<model::Layer>>,
    ) {
        (layer.role, layer.int8) = (SUM.role, SUM.int8);
        let mut output = None;
        let mut types = Vec::new();
        for branch in branches {
            let declared = output.clone().map(|output| Declared { output, check: Some("check_branches") });
            types.push(self.block(network, layer, branch, BRANCH, declared));
            output = Some(layer.output.clone());
        }
        let fnn = site.fnn;
        let pair = |others: TokenStream, first: TokenStream| quote!(#fnn::layers::Sum<#first, #others>);
        layer.field = types.into_iter().rev().reduce(pair).unwrap_or_default();
    }

    /// Two branches whose outputs are multiplied.
    pub(super) fn product(
        &mut self,
        network: &mut Network,
        layer: &mut Layer,
        site: &Site<'_>,
        branches: [Vec<model::Layer>; 2],
    ) {
        (layer.role, layer.int8) = (PRODUCT.role, PRODUCT.int8);
        let [(first, output), (second, factors)] =
            branches.map(|branch| (self.block(network, layer, branch, BRANCH, None), layer.output.clone()));
        network.checks.push(site.check_branches("check_product", &output, &factors));
        let fnn = site.fnn;
        layer.field = quote!(#fnn::layers::Product<#first, #second>);
        layer.output = if matches!(factors, Flow::Unknown) { Flow::Unknown } else { output };
    }

    /// Concatenated branches: nested pairs of the first and all others.
    pub(super) fn concat(
        &mut self,
        network: &mut Network,
        layer: &mut Layer,
        site: &Site<'_>,
        branches: Vec<Vec<model::Layer>>,
    ) {
        (layer.role, layer.int8) = (CONCAT.role, CONCAT.int8);
        let mut branch = |branch| (self.block(network, layer, branch, BRANCH, None), layer.output.clone());
        let branches: Vec<_> = branches.into_iter().map(&mut branch).collect();
        let fnn = site.fnn;
        let known = branches.iter().find_map(|(_, flow)| match flow {
            Flow::Sizes(sizes) => Some(sizes.clone()),
            _ => None,
        });
        let tail: Vec<_> = known.unwrap_or_default().into_iter().skip(1).collect();
        let Some((_, first)) = branches.first().cloned() else { return };
        let mistaken = branches.iter().any(|(_, flow)| matches!(flow, Flow::Unknown));
        for (_, other) in branches.iter().skip(1) {
            network.checks.push(site.check_branches("check_concat", &first, other));
        }
        let mut rest: Option<(TokenStream, Size)> = None;
        for (branch, flow) in branches.into_iter().rev() {
            let channels = flow.sizes(site, 1).remove(0);
            rest = Some(match rest {
                None => (branch, channels),
                Some((others, more)) => {
                    let channels = channels.sum(&more);
                    layer.output = Flow::Sizes(std::iter::once(channels.clone()).chain(tail.iter().cloned()).collect());
                    let output = layer.output.sample(site, site.scalar);
                    (quote!(#fnn::layers::Concat<#branch, #others, #output>), channels)
                }
            });
        }
        layer.field = rest.map_or_else(TokenStream::new, |(layer, _)| layer);
        if mistaken {
            layer.output = Flow::Unknown;
        }
    }

    /// The inside of a block as a network, and its type. Sets `layer.output` to its output.
    fn block(
        &mut self,
        network: &Network,
        layer: &mut Layer,
        layers: Vec<model::Layer>,
        kind: &str,
        declared: Option<Declared>,
    ) -> TokenStream {
        let header = &network.header;
        let number = layer.blocks.len();
        let name = generated::part(&header.name, &format!("{number}_{}", layer.name.unraw()));
        // Behind a layer that takes all positions, there are no frames.
        let streaming = header.streaming.filter(|_| network.keeps_frames());
        let inside = Header { name, output: layer.written.clone(), streaming, ..header.clone() };
        let mut inside = self.network(inside, kind.into(), layer.input.clone(), declared, layers);
        inside.hidden = true;
        let (scalar, name, arguments) = (&header.scalar, &inside.header.name, generic_arguments(&header.generics));
        let tokens = quote!(#name<#({ #arguments },)* #scalar>);
        layer.output = inside.output.clone();
        layer.blocks.push(inside);
        tokens
    }
}
