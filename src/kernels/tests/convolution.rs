//! Convolutions of random shapes, in every form, against their definition in `f64`.

mod drawn;
mod lines;

use self::drawn::{axis, check, check_added, check_drawn, check_fitting, still};
use super::*;
use crate::window::Axis;

/// Every width around those of vectors, depthwise.
#[test]
fn depthwise_convolutions_are_those_of_their_definition_for_all_widths() {
    for width in 1..=40 {
        for (kernel, padding) in [(3, 1), (1, 0), (2, 1), (5, 2)] {
            let sizes = (axis(4 + width % 3, still(3, 1)), axis(width, still(kernel, padding)));
            if let (Some(rows), Some(columns)) = sizes {
                check_drawn(rows, columns, (1, 1, 2));
            }
        }
    }
}

/// Channels around the lanes of a vector, on small planes, with all strides.
#[test]
fn depthwise_convolutions_over_channels_are_those_of_their_definition() {
    let mut random = Random::new(14);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 40 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 5), draw(1, 3), draw(0, 3), draw(0, 3), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 12), windows.0), axis(draw(1, 12), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check_drawn(rows, columns, (1, draw(1, 3), draw(5, 35)));
        drawn += 1;
    }
    // Rows too long to be transposed: over strips, for a filter or several.
    for (height, width, kernel, sizes) in [
        (20, 200, (3, 3), (1, 1, 2)),
        (1, 700, (1, 3), (1, 1, 1)),
        (1, 1000, (1, 5), (1, 2, 3)),
        (8, 170, (3, 3), (1, 3, 4)),
    ] {
        let (rows, columns) = (axis(height, still(kernel.0, kernel.0 / 2)), axis(width, still(kernel.1, 1)));
        if let (Some(rows), Some(columns)) = (rows, columns) {
            check(rows, columns, sizes);
        }
    }
    // Bands of rows that see nothing but padding, and rows behind the last window of a stride.
    let window = |kernel, stride, before, after, dilation| Axis { kernel, stride, before, after, dilation };
    for (rows, columns, sizes) in [
        ((97, window(4, 1, 8, 22, 5)), (210, window(3, 2, 1, 1, 1)), (1, 1, 3)),
        ((12, window(3, 1, 52, 94, 30)), (22, window(19, 1, 9, 2, 1)), (1, 1, 5)),
        ((58, window(14, 6, 0, 0, 1)), (64, window(4, 1, 9, 212, 35)), (1, 2, 1)),
        // Large windows, whose rows share most of what they read: with all padding, strides, dilations, and planes of several blocks.
        ((10, window(10, 1, 8, 8, 1)), (6, window(9, 1, 4, 4, 1)), (1, 1, 33)),
        ((32, window(11, 2, 0, 0, 1)), (45, window(11, 1, 0, 0, 1)), (1, 1, 13)),
        ((19, window(11, 1, 5, 5, 1)), (19, window(11, 1, 5, 5, 1)), (1, 2, 9)),
        ((23, window(7, 4, 9, 5, 2)), (13, window(5, 2, 2, 3, 1)), (1, 1, 20)),
        ((9, window(8, 3, 7, 7, 1)), (17, window(3, 1, 1, 1, 1)), (1, 3, 5)),
        // Small planes, of batches: rows of one sum and more, windows larger than planes, some sums of which read zeros alone, more sums
        // than there is room for at a time, and more inputs than there usually is.
        ((4, window(5, 3, 2, 2, 1)), (4, window(7, 2, 3, 3, 1)), (1, 1, 33)),
        ((8, window(8, 1, 3, 3, 1)), (2, window(5, 1, 2, 2, 1)), (1, 2, 17)),
        ((8, window(9, 1, 8, 8, 1)), (8, window(9, 1, 8, 8, 1)), (1, 1, 15)),
        ((11, window(3, 2, 1, 1, 1)), (11, window(4, 2, 0, 1, 1)), (1, 3, 16)),
        ((3, window(2, 1, 4, 5, 3)), (1, window(1, 1, 0, 0, 1)), (1, 3, 20)),
        ((1, window(1, 1, 0, 0, 1)), (64, window(3, 1, 1, 1, 1)), (1, 1, 16)),
    ] {
        check_fitting(rows, columns, sizes);
    }
    // A plane in several bands of rows.
    let window = Axis { kernel: 3, stride: 2, before: 1, after: 1, dilation: 1 };
    if let (Some(rows), Some(columns)) = (axis(50, window), axis(40, window)) {
        check(rows, columns, (1, 1, 17));
    }
}

/// Planes too large for a strip: they are split into bands.
#[test]
fn convolutions_of_large_planes_are_those_of_their_definition() {
    for (height, width) in [(90, 60), (5, 1500), (3, 5000)] {
        let (Some(rows), Some(columns)) = (axis(height, still(3, 1)), axis(width, still(3, 1))) else { continue };
        check(rows, columns, (1, 1, 1));
    }
}

#[test]
fn convolutions_of_drawn_shapes_are_those_of_their_definition() {
    let mut random = Random::new(12);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 180 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 4), draw(1, 2), draw(0, 3), draw(0, 3), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 9), windows.0), axis(draw(1, 37), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check_drawn(rows, columns, (draw(1, 3), draw(1, 6), draw(1, 3)));
        drawn += 1;
    }
}

/// Planes whose outputs are multiplied in several parts, each of which pads the rows that it sees.
#[test]
fn products_of_parts_of_a_plane_are_those_of_their_definition() {
    for (height, width) in [(23, 17), (9, 40), (3, 150), (40, 5)] {
        for (stride, padding, after, dilation) in [
            (1, 1, 1, 1),
            (2, 1, 1, 1),
            (1, 2, 2, 2),
            (2, 3, 3, 1),
            (1, 0, 0, 1),
            (2, 0, 1, 1),
            (1, 5, 0, 2),
            (1, 0, 4, 1),
        ] {
            let window = Axis { kernel: 3, stride, before: padding, after, dilation };
            if let (Some(rows), Some(columns)) = (axis(height, window), axis(width, window)) {
                check_drawn(rows, columns, (2, 5, 1));
            }
        }
    }
}

/// Numbers of filters around those of vectors, on planes of any size, whose strides leave phases without taps.
#[test]
fn convolutions_of_vectors_of_filters_are_those_of_their_definition() {
    let mut random = Random::new(13);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 30 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 5), draw(1, 3), draw(0, 4), draw(0, 4), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 9), windows.0), axis(draw(1, 20), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check_drawn(rows, columns, (draw(1, 20), draw(6, 40), draw(1, 2)));
        drawn += 1;
    }
}

/// Filters of more than one chain, for channels that fill vectors or nearly do: of planes in one block, in blocks of rows and in parts
/// of rows, with strides, dilations, padding and groups. Those that are added to others, below, are of more.
#[test]
fn input_gradients_of_many_filters_are_those_of_their_definition() {
    let window = |kernel, stride, before, after, dilation| Axis { kernel, stride, before, after, dilation };
    for (rows, columns, sizes) in [
        ((7, window(5, 1, 2, 3, 1)), (5, window(4, 1, 0, 1, 1)), (30, 34, 2)),
        ((3, still(2, 0)), (260, window(3, 1, 2, 0, 1)), (32, 33, 1)),
        ((1, still(1, 0)), (520, still(2, 0)), (32, 33, 1)),
        ((11, window(3, 1, 1, 1, 2)), (6, window(3, 2, 1, 1, 1)), (32, 34, 1)),
        ((10, window(2, 3, 0, 0, 1)), (6, window(3, 1, 0, 0, 1)), (64, 70, 1)),
        ((4, still(7, 3)), (3, still(7, 3)), (32, 33, 1)),
    ] {
        check_fitting(rows, columns, sizes);
    }
}

/// Strides whose phases are computed some samples at a time, with columns of an odd and an even number, and phases without taps.
#[test]
fn input_gradients_of_large_strided_inputs_are_those_of_their_definition() {
    let window = |kernel, stride, before, after| Axis { kernel, stride, before, after, dilation: 1 };
    for (rows, columns, sizes) in [
        ((33, window(3, 2, 1, 1)), (31, window(3, 2, 1, 1)), (8, 12, 1)),
        ((30, window(3, 2, 0, 1)), (34, window(4, 2, 1, 1)), (8, 8, 1)),
        ((30, window(1, 2, 0, 0)), (33, window(1, 2, 0, 0)), (8, 10, 1)),
        ((30, window(3, 3, 1, 1)), (34, window(1, 2, 0, 0)), (8, 10, 1)),
    ] {
        check_fitting(rows, columns, sizes);
    }
}

/// Blocks of rows that share what they read, over samples: all of the rows between, or some, with dilations and strides.
#[test]
fn sums_of_blocks_that_share_rows_are_those_of_their_definition() {
    let window = |kernel, stride, padding, dilation| Axis { kernel, stride, before: padding, after: padding, dilation };
    for (rows, columns, sizes) in [
        ((14, window(6, 1, 5, 2)), (25, window(6, 1, 5, 2)), (4, 16, 1)),
        ((16, window(8, 2, 0, 1)), (26, window(9, 2, 0, 1)), (7, 24, 1)),
        ((31, window(3, 2, 2, 3)), (40, window(3, 1, 1, 1)), (5, 9, 1)),
        ((24, window(3, 3, 3, 3)), (36, window(5, 1, 2, 1)), (3, 9, 2)),
    ] {
        check_fitting(rows, columns, sizes);
    }
}

/// Gradients of inputs that are added where sums are transposed: of every input, of every second one, with columns of an odd and an even
/// number, and tap by tap.
#[test]
fn input_gradients_are_added_to_those_of_other_branches() {
    let window = |kernel, stride, before, after| Axis { kernel, stride, before, after, dilation: 1 };
    for (rows, columns, sizes) in [
        ((9, still(3, 1)), (8, still(3, 1)), (32, 32, 1)),
        ((12, window(1, 2, 0, 0)), (13, window(1, 2, 0, 0)), (16, 32, 1)),
        ((8, window(1, 2, 0, 0)), (8, window(1, 2, 0, 0)), (32, 64, 1)),
        ((8, still(3, 1)), (8, still(3, 1)), (32, 64, 1)),
    ] {
        check_added(rows, columns, sizes);
    }
    // In other forms, too, and of several groups.
    check_fitting((5, still(3, 1)), (7, still(3, 1)), (19, 24, 2));
    check_fitting((12, window(3, 2, 1, 1)), (12, window(3, 2, 1, 1)), (17, 20, 1));
}

/// Few filters for numbers of channels around those of vectors, in one block of positions or several.
#[test]
fn gradients_of_few_filters_are_those_of_their_definition() {
    let mut random = Random::new(15);
    let mut draw = |low: usize, high: usize| low + (random.uniform() * (high - low + 1) as f64) as usize;
    let mut drawn = 0;
    while drawn < 25 {
        let mut window = || {
            let (kernel, stride, before, after, dilation) =
                (draw(1, 5), draw(1, 3), draw(0, 4), draw(0, 4), draw(1, 2));
            Axis { kernel, stride, before, after, dilation }
        };
        let windows = (window(), window());
        let sizes = (axis(draw(1, 20), windows.0), axis(draw(1, 30), windows.1));
        let (Some(rows), Some(columns)) = sizes else { continue };
        check_drawn(rows, columns, (draw(5, 40), draw(1, 7), draw(1, 2)));
        drawn += 1;
    }
    // More filters and channels than fit at a time; and lines of several vectors.
    if let (Some(rows), Some(columns)) = (axis(6, still(9, 4)), axis(7, still(9, 4))) {
        check(rows, columns, (34, 7, 1));
        check(rows, columns, (5, 6, 1));
    }
    if let (Some(rows), Some(columns)) = (axis(2, still(1, 0)), axis(700, still(7, 3))) {
        check(rows, columns, (2, 3, 1));
    }
}

/// Windows larger than their planes, most of whose taps lie on the zeros around them, and strides whose phases read few taps.
#[test]
fn convolutions_of_windows_larger_than_planes_are_those_of_their_definition() {
    let axis = |input, (kernel, stride, before, after, dilation): (usize, usize, usize, usize, usize)| {
        axis(input, Axis { kernel, stride, before, after, dilation })
    };
    for (rows, columns) in [
        (axis(3, (6, 1, 5, 5, 2)), axis(3, (6, 1, 5, 5, 2))),
        (axis(2, (5, 1, 2, 2, 1)), axis(5, (11, 1, 5, 5, 1))),
        (axis(4, (8, 2, 7, 7, 2)), axis(21, (3, 2, 2, 2, 2))),
        (axis(1, (7, 2, 4, 3, 1)), axis(6, (3, 1, 1, 1, 1))),
        (axis(9, (5, 1, 6, 6, 3)), axis(3, (5, 1, 6, 6, 3))),
        (axis(12, (5, 1, 0, 0, 2)), axis(5, (4, 1, 0, 0, 1))),
        (axis(10, (7, 3, 0, 2, 1)), axis(11, (6, 3, 1, 4, 1))),
        // Sums that read nothing but zeros.
        (axis(2, (2, 1, 4, 5, 3)), axis(3, (2, 2, 3, 4, 1))),
    ] {
        let (Some(rows), Some(columns)) = (rows, columns) else { continue };
        for sizes in [(1, 20, 1), (5, 9, 2), (13, 40, 1), (40, 13, 1), (33, 3, 1)] {
            check(rows, columns, sizes);
        }
    }
}

/// Planes of one number under windows with a stride: batches whose gradients of inputs are stored for each filter.
#[test]
fn convolutions_of_a_single_number_are_those_of_their_definition() {
    for (kernel, stride, padding) in [(3, 2, 1), (1, 2, 0), (2, 6, 1), (3, 1, 1)] {
        let window = Axis { kernel, stride, before: padding, after: padding, dilation: 1 };
        let (Some(rows), Some(columns)) = (axis(1, window), axis(1, window)) else { panic!("{window:?} doesn't fit") };
        for sizes in [(2, 13, 1), (4, 4, 1), (3, 5, 1), (3, 5, 3), (1, 7, 2)] {
            check(rows, columns, sizes);
        }
    }
}

/// Lines with ends, of batches of few filters: those that see more channels than are multiplied at a time, so that sums go on from stored
/// ones; one row of sums under several rows of taps; an odd number of rows, with ends of their own, strides, dilations, and rows that read
/// zeros alone.
#[test]
fn convolutions_of_lines_and_many_channels_are_those_of_their_definition() {
    let window = |kernel, stride, before, after, dilation| Axis { kernel, stride, before, after, dilation };
    for (rows, columns, sizes) in [
        ((3, still(3, 1)), (9, still(5, 2)), (40, 6, 1)),
        ((1, still(1, 0)), (7, still(5, 2)), (65, 7, 1)),
        ((1, still(1, 0)), (7, still(5, 2)), (400, 7, 1)),
        ((2, still(3, 1)), (13, window(7, 2, 3, 3, 1)), (24, 5, 2)),
        ((3, still(3, 0)), (9, still(5, 2)), (7, 6, 1)),
        ((4, window(3, 1, 0, 0, 1)), (11, window(4, 1, 3, 1, 2)), (3, 8, 1)),
        ((7, window(3, 1, 5, 4, 2)), (8, window(3, 1, 2, 2, 2)), (3, 6, 1)),
        ((8, window(5, 2, 4, 4, 1)), (16, window(5, 2, 4, 4, 1)), (4, 9, 1)),
        ((3, window(2, 1, 4, 5, 3)), (9, window(4, 1, 6, 5, 3)), (2, 7, 1)),
        ((8, still(5, 4)), (8, still(5, 4)), (16, 6, 1)),
    ] {
        check_fitting(rows, columns, sizes);
    }
}

/// Rows of less than a vector, several of which share a tile, for numbers of filters around those of a tile.
#[test]
fn convolutions_of_short_rows_are_those_of_their_definition() {
    for (height, width) in [(5, 15), (9, 12), (3, 13), (2, 31)] {
        for filters in [1, 2, 3, 5, 6, 7, 11] {
            let (Some(rows), Some(columns)) = (axis(height, still(3, 1)), axis(width, still(3, 1))) else { continue };
            check(rows, columns, (2, filters, 1));
        }
    }
}

/// Numbers of filters and channels around those of a tile, pointwise and not.
#[test]
fn convolutions_of_many_channels_are_those_of_their_definition() {
    for (seen, filters) in [(1, 4), (3, 16), (16, 5), (17, 33), (64, 9), (300, 4)] {
        for (kernel, padding) in [(1, 0), (3, 1)] {
            let (Some(rows), Some(columns)) = (axis(5, still(kernel, padding)), axis(7, still(kernel, padding))) else {
                continue;
            };
            check(rows, columns, (seen, filters, 1));
        }
    }
}

/// Shapes with whole vectors of channels, in all formats that they support: several samples in a block, planes of several
/// blocks, windows larger than the plane, strides and dilations, and more weights than there is room for.
#[test]
fn the_format_of_a_batch_changes_no_bit_of_a_convolution() {
    let window = |kernel, stride, padding, dilation| Axis { kernel, stride, before: padding, after: padding, dilation };
    let shapes = [
        ((25, window(3, 1, 1, 1)), (5, window(3, 1, 1, 1)), (1, 1, 64)),
        ((9, window(5, 2, 4, 1)), (7, window(3, 1, 2, 2)), (1, 1, 48)),
        ((2, window(5, 1, 2, 1)), (1, window(1, 1, 0, 1)), (1, 1, 16)),
        ((3, window(1, 1, 0, 1)), (600, window(3, 1, 1, 1)), (1, 1, 16)),
        ((10, window(9, 1, 4, 1)), (10, window(9, 1, 4, 1)), (1, 1, 144)),
        ((7, still(1, 0)), (5, still(1, 0)), (64, 64, 1)),
        ((2, still(1, 0)), (2, still(1, 0)), (3, 16, 1)),
        ((3, still(1, 0)), (5, still(1, 0)), (300, 48, 1)),
        ((9, window(10, 2, 5, 1)), (10, window(4, 2, 1, 1)), (1, 64, 1)),
        ((40, window(3, 1, 1, 1)), (40, window(3, 2, 1, 1)), (3, 32, 1)),
        ((6, window(3, 1, 1, 1)), (5, window(3, 1, 1, 1)), (40, 80, 1)),
    ];
    let supported = shapes.into_iter().filter(|&(rows, columns, (seen, filters, groups))| {
        let (Some(rows), Some(columns)) = (axis(rows.0, rows.1), axis(columns.0, columns.1)) else { return false };
        check(rows, columns, (seen, filters, groups));
        !Convolution { plane: Plane { rows, columns }, seen, filters }.formats(groups).are_first()
    });
    assert_eq!(supported.count(), if cfg!(feature = "simd") { shapes.len() } else { 0 });
}
