//! Compile-time checks of shapes and arguments: `const` functions that panic with a message.

use crate::const_message::ConstMessage;
use crate::quantized::LONGEST_SUM;
use crate::shape::Shape;
use crate::window::span;

/// The input has the rank that the layer takes; `taken` is the name of such a shape.
#[track_caller]
pub const fn check_rank(layer: &str, kind: &str, rank: usize, taken: &str, given: Shape, advice: &str) {
    if given.rank() != rank {
        ConstMessage::of(layer)
            .text("`")
            .text(kind)
            .text("` takes ")
            .text(taken)
            .text(", but its input is ")
            .shape(&given)
            .text(": ")
            .text(advice)
            .say();
    }
}

/// The input has the shape that a user's layer takes.
#[track_caller]
pub const fn check_input(layer: &str, wanted: Shape, given: Shape) {
    if !wanted.equals(&given) {
        ConstMessage::new()
            .text("layer `")
            .text(layer)
            .text("` takes ")
            .shape(&wanted)
            .text(", but its input is ")
            .shape(&given)
            .say();
    }
}

/// On a stream, a network keeps frames apart for the layers behind it.
#[track_caller]
pub const fn check_frames(layer: &str, keeps_frames: bool) {
    if !keeps_frames {
        ConstMessage::of(layer)
            .text("the network takes all positions of the stream together, so it has to be the last layer")
            .say();
    }
}

/// On a stream, the branches of a block answer equally often: after as many frames as the product of their strides.
#[track_caller]
pub const fn check_strides(layer: &str, strides: &[usize]) {
    let mut index = 1;
    while index < strides.len() {
        if strides[index] != strides[0] {
            ConstMessage::of(layer)
                .text("on a stream, its branches must have the same strides, and one answers after ")
                .number(strides[0])
                .text(if strides[0] == 1 { " frame, another one after " } else { " frames, another one after " })
                .number(strides[index])
                .say();
        }
        index += 1;
    }
}

/// The network's output has the shape that its header declares.
#[track_caller]
pub const fn check_output(declared: Shape, given: Shape) {
    if !declared.equals(&given) {
        ConstMessage::new()
            .text("the network's output is ")
            .shape(&given)
            .text(", but its header declares ")
            .shape(&declared)
            .say();
    }
}

/// A residual block's output has the shape of its input.
#[track_caller]
pub const fn check_residual(begun: Shape, ended: Shape) {
    if !begun.equals(&ended) {
        ConstMessage::new()
            .text("the residual block's output is ")
            .shape(&ended)
            .text(", but its input is ")
            .shape(&begun)
            .text(": input and output are added, so their shapes must be equal")
            .say();
    }
}

/// A network stays within its budget.
#[track_caller]
pub const fn check_budget(takes: &str, counted: &str, needed: u64, limit: u64) {
    if needed > limit {
        ConstMessage::new()
            .text("the network's ")
            .text(takes)
            .text(" ")
            .large(needed)
            .text(" ")
            .text(counted)
            .text(", but the budget allows ")
            .large(limit)
            .say();
    }
}

/// No size is 0.
#[track_caller]
pub const fn check_size(layer: &str, what: &str, size: usize) {
    if size == 0 {
        let mut sentence = if layer.is_empty() { ConstMessage::new() } else { ConstMessage::of(layer) };
        sentence.text(what).text(" must be at least 1").say();
    }
}

/// A sum of this many products of 8-bit integers fits into 32 bits.
#[track_caller]
pub const fn check_sum(layer: &str, products: usize) {
    if products > LONGEST_SUM {
        ConstMessage::of(layer)
            .text("a sum of ")
            .number(products)
            .text(" products of 8-bit integers may overflow 32 bits; the limit is ")
            .number(LONGEST_SUM)
            .say();
    }
}

/// A parameter is finite and not negative, in `f32` too.
#[track_caller]
pub const fn check_not_negative(layer: &str, what: &str, value: f64) {
    let mut message = ConstMessage::of(layer);
    message.text("`").text(what).text("` must be finite and not negative");
    if !(value >= 0.0 && value < f64::INFINITY) {
        message.say();
    }
    if value as f32 == f32::INFINITY {
        message.text(", but it is infinite in `f32`").say();
    }
}

/// A parameter is finite and positive, in `f32` too.
#[track_caller]
pub const fn check_positive(layer: &str, what: &str, value: f64) {
    let mut message = ConstMessage::of(layer);
    message.text("`").text(what).text("` must be finite and positive");
    if !(value > 0.0 && value < f64::INFINITY) {
        message.say();
    }
    if value as f32 == 0.0 {
        message.text(", but it is 0 in `f32`").say();
    }
    if value as f32 == f32::INFINITY {
        message.text(", but it is infinite in `f32`").say();
    }
}

/// A bound is finite, in `f32` too.
#[track_caller]
pub const fn check_bound(layer: &str, what: &str, value: f64) {
    let mut message = ConstMessage::of(layer);
    message.text("`").text(what).text("` must be finite");
    if !(value > f64::NEG_INFINITY && value < f64::INFINITY) {
        message.say();
    }
    if value as f32 == f32::INFINITY || value as f32 == f32::NEG_INFINITY {
        message.text(", but it is infinite in `f32`").say();
    }
}

/// A clip has a bound, and its lower one is below its upper one.
#[track_caller]
pub const fn check_clip(layer: &str, min: f64, max: f64) {
    if min == f64::NEG_INFINITY && max == f64::INFINITY {
        ConstMessage::of(layer).text("`Clip` needs a bound: `min`, `max` or both").say();
    }
    if min >= max {
        ConstMessage::of(layer).text("`min` must be below `max`").say();
    }
}

/// A dropout's probability is at least 0 and below 1.
#[track_caller]
pub const fn check_probability(layer: &str, what: &str, value: f64) {
    if !(value >= 0.0 && value < 1.0) {
        ConstMessage::of(layer).text("the ").text(what).text(" must be at least 0 and below 1").say();
    }
}

/// A fraction is above 0 and at most 1.
#[track_caller]
pub const fn check_fraction(layer: &str, what: &str, value: f64) {
    check_positive(layer, what, value);
    if value > 1.0 {
        ConstMessage::of(layer).text("`").text(what).text("` must be at most 1").say();
    }
}

/// There is a token for each row of an embedding.
#[track_caller]
pub const fn check_vocabulary(layer: &str, size: usize) {
    check_size(layer, "vocabulary", size);
    if size > 1 << 16 {
        ConstMessage::of(layer)
            .text("a vocabulary of ")
            .number(size)
            .text(" is too large: a token is a `u16`, so there are at most 65536")
            .say();
    }
}

/// A window or kernel is no larger than the axis that it slides over. `apart` is its dilation; the padding is that
/// before the axis and after it.
#[track_caller]
pub const fn check_window(
    layer: &str,
    (window, unit): (&str, &str),
    size: usize,
    kernel: usize,
    apart: usize,
    (before, after): (usize, usize),
) {
    let span = span(kernel, apart);
    if span > size + before + after {
        let mut sentence = ConstMessage::of(layer);
        sentence.text("a ").text(window).text(" of ").number(kernel).text(" ").text(unit);
        if apart != 1 {
            sentence.text(", ").number(apart).text(" apart, reaches over ").number(span).text(", which");
        }
        sentence.text(" is larger than the input of ").number(size).text(" ").text(unit);
        if before != after {
            sentence.text(" plus ").number(before).text(" and ").number(after).text(" of padding");
        } else if before > 0 {
            sentence.text(" plus 2·").number(before).text(" of padding");
        }
        sentence.say();
    }
}

/// A pool's padding at one end leaves part of the input in every window.
#[track_caller]
pub const fn check_pool_padding(layer: &str, kernel: usize, padding: usize) {
    if padding >= kernel {
        ConstMessage::of(layer)
            .text("the padding of ")
            .number(padding)
            .text(" must be smaller than the window of ")
            .number(kernel)
            .say();
    }
}

/// A convolution's groups divide its channels and its filters.
#[track_caller]
pub const fn check_groups(layer: &str, groups: usize, channels: usize, filters: usize) {
    let mut sentence = ConstMessage::of(layer);
    if groups == 0 {
        sentence.text("the groups must be at least 1").say();
    }
    if !channels.is_multiple_of(groups) {
        sentence.number(groups).text(" groups do not divide the ").number(channels).text(" input channels").say();
    }
    if !filters.is_multiple_of(groups) {
        sentence.number(groups).text(" groups do not divide the ").number(filters).text(" filters").say();
    }
}

/// Reshaping keeps the number of elements.
#[track_caller]
pub const fn check_reshape(layer: &str, given: Shape, wanted: Shape) {
    if given.length() != wanted.length() {
        ConstMessage::of(layer)
            .shape(&given)
            .text(", with ")
            .number(given.length())
            .text(" elements, cannot be reshaped to ")
            .shape(&wanted)
            .text(", with ")
            .number(wanted.length())
            .say();
    }
}

/// A slice has channels, and they lie within its input.
#[track_caller]
pub const fn check_slice(layer: &str, start: usize, end: usize, channels: usize) {
    if start >= end {
        let mut sentence = ConstMessage::of(layer);
        sentence.text("a slice from ").number(start).text(" to ").number(end);
        sentence.text(" is empty: `end` must be above `start`").say();
    }
    if end > channels {
        let mut sentence = ConstMessage::of(layer);
        sentence.text("a slice up to ").number(end);
        sentence.text(" reaches beyond the input, whose first size is ").number(channels).say();
    }
}

/// A shape has at least as many axes as are computed together.
#[track_caller]
pub const fn check_axes(layer: &str, axes: usize, given: Shape) {
    if axes == 0 || axes > given.rank() {
        ConstMessage::of(layer)
            .text("`axes` must be from 1 to ")
            .number(given.rank())
            .text(", the rank of the input ")
            .shape(&given)
            .say();
    }
}

/// `axes` has each axis of the input once.
#[track_caller]
pub const fn check_permute(layer: &str, axes: &[usize], given: Shape) {
    let mut fits = axes.len() == given.rank();
    let mut axis = 0;
    while axis < given.rank() {
        let (mut found, mut index) = (false, 0);
        while index < axes.len() {
            found = found || axes[index] == axis;
            index += 1;
        }
        fits = fits && found;
        axis += 1;
    }
    if !fits {
        ConstMessage::of(layer)
            .text("`Permute` takes each axis of its input once, from 0 to ")
            .number(given.rank() - 1)
            .text(" for the input ")
            .shape(&given)
            .say();
    }
}

/// Two branches' outputs differ in the number of channels only.
#[track_caller]
pub const fn check_concat(layer: &str, first: Shape, other: Shape) {
    let mut alike = first.rank() == other.rank();
    let mut axis = 1;
    while axis < first.rank() {
        alike = alike && first.size(axis) == other.size(axis);
        axis += 1;
    }
    if !alike {
        ConstMessage::of(layer)
            .text("a branch's output is ")
            .shape(&other)
            .text(", but the first branch's is ")
            .shape(&first)
            .text(": only the first size, the channels, may differ")
            .say();
    }
}

/// The second branch of a product ends in the first one's shape, or in a number for each of its channels.
#[track_caller]
pub const fn check_product(layer: &str, first: Shape, second: Shape) {
    let each = second.rank() == 1 && first.rank() > 0 && second.size(0) == first.size(0);
    if !each && !second.equals(&first) {
        ConstMessage::of(layer)
            .text("the second branch's output is ")
            .shape(&second)
            .text(", but the first branch's is ")
            .shape(&first)
            .text(": they are multiplied, so the second shape must be the first one, or its channels alone")
            .say();
    }
}

/// The branches of a sum end in the same shape.
#[track_caller]
pub const fn check_branches(first: Shape, other: Shape) {
    if !first.equals(&other) {
        ConstMessage::new()
            .text("a branch's output is ")
            .shape(&other)
            .text(", but the first branch's is ")
            .shape(&first)
            .text(": they are added, so their shapes must be equal")
            .say();
    }
}
