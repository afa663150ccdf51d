//! Draws layers of all kinds and shapes.

use crate::layer::{Axis, Kind, Layer, taps};

/// The most multiplications and additions per sample, and the most numbers in a sample.
const MOST_FLOP: usize = 64_000_000;
const MOST_NUMBERS: usize = 65_536;
/// Three quarters are convolutions, of which two thirds need at least as many: half of all layers.
const LARGE_FLOP: usize = 1_000_000;

/// Layers, which depend on the seed and their index alone.
pub(crate) fn layers(seed: u64, count: usize) -> Vec<Layer> {
    (0..count).map(|index| layer(&mut Random(seed.wrapping_mul(1_000_003).wrapping_add(index as u64)))).collect()
}

fn layer(random: &mut Random) -> Layer {
    let is_convolution = random.chance(75);
    let least = if is_convolution && random.chance(67) { LARGE_FLOP } else { 1 };
    loop {
        let layer = if is_convolution {
            convolution(random)
        } else if random.chance(50) {
            pool(random)
        } else {
            norm(random)
        };
        let Some(output) = layer.output() else { continue };
        let numbers = layer.input.iter().product::<usize>().max(output.iter().product());
        if numbers <= MOST_NUMBERS && (least..=MOST_FLOP).contains(&layer.flop()) {
            return layer;
        }
    }
}

fn convolution(random: &mut Random) -> Layer {
    let input = image(random);
    let axes: Vec<Axis> = window(random, &input[1..]);
    let (channels, any) = (input[0], random.size(128));
    let (filters, groups) = match random.below(100) {
        0..20 if channels > 1 => (channels * [1, 1, 1, 2][random.below(4)], channels),
        20..32 => {
            let divisors: Vec<usize> = (2..=channels / 2).filter(|groups| channels.is_multiple_of(*groups)).collect();
            match divisors.len() {
                0 => (any, 1),
                count => {
                    let groups = divisors[random.below(count)];
                    (any.div_ceil(groups) * groups, groups)
                }
            }
        }
        _ => (any, 1),
    };
    Layer { input, kind: Kind::Convolution { filters, groups, axes } }
}

fn pool(random: &mut Random) -> Layer {
    let input = image(random);
    let mut axes = window(random, &input[1..]);
    for axis in &mut axes {
        axis.dilation = 1;
        // Windows of padding alone have no largest element.
        axis.padding = axis.padding.min(axis.kernel / 2);
        if random.chance(50) {
            axis.stride = axis.kernel;
        }
    }
    if taps(&axes) == 1 {
        axes[0].kernel = 2;
    }
    Layer { input, kind: Kind::Pool { is_maximum: random.chance(60), axes } }
}

fn norm(random: &mut Random) -> Layer {
    match random.below(10) {
        0..6 => Layer { input: image(random), kind: Kind::BatchNorm },
        6..8 => Layer { input: vec![8 * random.size(128)], kind: Kind::LayerNorm },
        _ => {
            let input = image(random);
            let divisors: Vec<usize> = (1..=input[0]).filter(|groups| input[0].is_multiple_of(*groups)).collect();
            let groups = divisors[random.below(divisors.len())];
            Layer { input, kind: Kind::GroupNorm { groups } }
        }
    }
}

/// Channels, and one or two axes: square, narrow, or any.
fn image(random: &mut Random) -> Vec<usize> {
    let channels = random.size(128);
    match random.below(100) {
        0..15 => vec![channels, 4 * random.size(64)],
        15..40 => vec![channels, random.size(64), 3 + random.below(5)],
        40..70 => {
            let size = random.size(64);
            vec![channels, size, size]
        }
        _ => vec![channels, random.size(64), random.size(64)],
    }
}

fn window(random: &mut Random, sizes: &[usize]) -> Vec<Axis> {
    let kernel = |random: &mut Random| [1, 1, 2, 3, 3, 3, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11][random.below(16)];
    let few = |random: &mut Random, one: usize| if random.chance(one) { 1 } else { 2 + random.below(100) / 70 };
    let (is_square, side) = (random.chance(65), kernel(random));
    let (is_even, stride, dilation) = (random.chance(85), few(random, 70), few(random, 85));
    let padding = random.below(10);
    let mut axis = |size: usize| {
        let kernel = if is_square { side.min(2 * size) } else { kernel(random) };
        let stride = if is_even { stride } else { few(random, 60) };
        let span = dilation * (kernel - 1) + 1;
        let padding = match padding {
            0..6 => (span - 1) / 2,
            6..9 => 0,
            _ => random.below(span),
        };
        Axis { kernel, stride, padding, dilation }
    };
    sizes.iter().map(|size| axis(*size)).collect()
}

/// Steele, Lea and Flood's "SplitMix", 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// From 1 to a power of two, each doubling as likely as the others; every second one a power of two.
    fn size(&mut self, largest: usize) -> usize {
        let powers = largest.ilog2() as usize;
        if self.chance(50) {
            return 1 << self.below(powers + 1);
        }
        let low = 1 << self.below(powers);
        low + self.below(low + 1)
    }
}
