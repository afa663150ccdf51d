//! How a network computes on a stream.

use std::rc::Rc;

use super::Int8Layer;
use crate::flow::Flow;
use crate::kinds::Stream;
use crate::report::Errors;
use crate::shapes::{Layer, Network};

/// A layer of a network on a stream.
pub(crate) enum Step {
    /// Computes from its last frames.
    Window(Rc<Layer>),
    /// Computes from all positions at once.
    Positions(Rc<Layer>),
    /// A block or a network, with a stream of its own.
    Inner(Rc<Layer>),
    /// Takes all positions, and computes nothing.
    Gather(Rc<Layer>),
    /// Comes after the layer that took all positions, and is the same as without a stream.
    Whole(Rc<Layer>),
}

/// The layers of a network on a stream.
pub(crate) fn steps(network: &Network) -> Vec<Step> {
    let mut whole = false;
    network.layers.iter().map(|layer| computes(&mut whole, layer)).collect()
}

/// The layers of an int8 network on a stream.
pub(crate) fn int8_steps(layers: &[Int8Layer]) -> Vec<Step> {
    let mut whole = false;
    let step = |layer: &Int8Layer| match layer {
        Int8Layer::Nothing(layer) => {
            let gathers = !whole && layer.stream == Stream::Positions;
            whole |= gathers;
            gathers.then(|| Step::Gather(Rc::clone(layer)))
        }
        Int8Layer::Computes { layer, .. } => Some(computes(&mut whole, layer)),
    };
    layers.iter().filter_map(step).collect()
}

/// A layer that computes. `whole` says whether it comes after the one that takes all positions.
fn computes(whole: &mut bool, layer: &Rc<Layer>) -> Step {
    let step = match (*whole, layer.stream) {
        (true, _) => Step::Whole,
        (false, Stream::Positions) => Step::Positions,
        (false, Stream::Inner) => Step::Inner,
        (false, _) => Step::Window,
    };
    *whole |= layer.stream == Stream::Positions;
    step(Rc::clone(layer))
}

/// Reports the layers that can't compute on a stream.
pub(super) fn check(network: &Network, errors: &mut Errors) {
    if network.header.streaming.is_none() {
        return;
    }
    match &network.input {
        Flow::Sizes(sizes) if sizes.len() != 2 => {
            let message = "the frames of a stream are the positions of `[channels, length]`: a network with \
                           `#[streaming]` takes such sequences";
            errors.push(syn::Error::new(network.header.input, message));
            return;
        }
        Flow::Tokens(_) => {
            errors.push(syn::Error::new(network.header.input, "tokens can't be streamed: remove `#[streaming]`"));
            return;
        }
        _ => {}
    }
    for layer in network.layers.iter().take_while(|layer| layer.stream != Stream::Positions) {
        check_layer(layer, errors);
    }
}

/// Reports a layer, of those that see frames, that can't compute on a stream, and those inside of it.
fn check_layer(layer: &Layer, errors: &mut Errors) {
    if let (Stream::Never(why), false) = (layer.stream, matches!(layer.output, Flow::Unknown)) {
        let (name, kind) = (&layer.name, &layer.kind);
        let message = format!(
            "layer `{name}`: `{kind}` {why}, so this network can't compute on a stream: put the layer after \
             `Flatten`, or remove it or `#[streaming]`"
        );
        errors.at(&layer.written, message);
    }
    for block in &layer.blocks {
        for layer in &block.layers {
            if layer.stream == Stream::Positions {
                let (name, kind) = (&layer.name, &layer.kind);
                let message = format!(
                    "layer `{name}`: `{kind}` takes all positions of the sequence, and a block on a stream computes one of \
                     them at a time: put the block after `Flatten`, or remove the layer or `#[streaming]`"
                );
                errors.at(&layer.written, message);
                break;
            }
            check_layer(layer, errors);
        }
    }
}
