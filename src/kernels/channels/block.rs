//! Some channels of the whole batch at a time, over vectors.

use core::ops::Range;

use super::{Activate, CACHED, CHANNELS, Each, Sizes};
use crate::chunks::Chunks;
use crate::kernels::elementwise::map_all;
use crate::kernels::request;
use crate::kernels::vector::{Simd, lanes, read, splat, write};
use crate::scalar::Scalar;
use crate::shape::{first, first_mut};

/// Some channels of a batch.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) sizes: Sizes,
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Block {
    /// The channels' numbers of `all`.
    #[inline(always)]
    pub(super) fn of<S: Scalar>(&self, all: &[S]) -> Each<S> {
        let mut each = [S::ZERO; CHANNELS];
        let all = all.get(self.first..self.first + self.count).unwrap_or_default();
        each.iter_mut().zip(all).for_each(|(to, &from)| *to = from);
        each
    }

    /// The reverse.
    #[inline(always)]
    pub(super) fn put<S: Scalar>(&self, each: &Each<S>, all: &mut [S]) {
        let all = all.get_mut(self.first..self.first + self.count).unwrap_or_default();
        all.iter_mut().zip(each).for_each(|(to, &from)| *to = from);
    }

    /// These channels of a sample.
    #[inline(always)]
    fn places(&self) -> Range<usize> {
        let space = self.sizes.space;
        self.first * space..(self.first + self.count) * space
    }

    /// `f((x − mean) · scale + bias)`, with these constants of each channel.
    #[inline(always)]
    pub(super) fn normalize<V: Simd, S: Scalar, A: Activate>(
        &self,
        simd: V,
        activation: A,
        constants: &[Each<S>; 3],
        x: &[S],
        y: &mut [S],
    ) {
        if const { A::ASKS_FOR_SIGN } {
            let value = |[mean, scale, bias]: [S::Vector<V>; 3], [x]: [S::Vector<V>; 1]| {
                activation.value((x - mean) * scale + bias)
            };
            return self.map(simd, constants, [Some(x)], (y, true), value);
        }
        self.map(simd, constants, [Some(x)], (y, true), |[mean, scale, bias], [x]| (x - mean) * scale + bias);
        self.activate(simd, activation, y);
    }

    /// `y = f(y)`. Not in a closure: it is compiled for the instruction set only if it is inlined, and many functions are too large.
    #[inline(always)]
    fn activate<V: Simd, S: Scalar, A: Activate>(&self, simd: V, activation: A, y: &mut [S]) {
        for y in y.blocks_mut(self.sizes.length) {
            for y in y.get_mut(self.places()).unwrap_or_default().parts_mut(lanes::<V, S>()) {
                write(simd, activation.value(read(simd, y)), y);
            }
        }
    }

    // In functions of their own, these closures are compiled once for all activations.

    /// `Σ x` for each channel, over a batch.
    #[inline(always)]
    pub(in crate::kernels) fn sum<V: Simd, S: Scalar>(&self, simd: V, x: &[S]) -> Each<S> {
        let [sums] = self.sums(simd, &[[S::ZERO; CHANNELS]], [x], |_, [x]| [x]);
        sums
    }

    /// `Σ (x − mean)²` for each channel, over a batch.
    #[inline(always)]
    pub(super) fn squares<V: Simd, S: Scalar>(&self, simd: V, means: &Each<S>, x: &[S]) -> Each<S> {
        let [squares] = self.sums(simd, &[*means], [x], |[mean], [x]| [(x - mean) * (x - mean)]);
        squares
    }

    /// Whether samples don't stay in the second-level cache between two passes over all channels. Then processors, which notice that
    /// memory is read in order, don't notice where the next sample's channels are: these are requested.
    #[inline(always)]
    pub(super) fn is_far_apart<S>(&self, batch: &[S]) -> bool {
        size_of_val(batch) > CACHED
    }

    /// `to = f(constants, numbers)` for the numbers of `from` at each place of the channels, over a batch; `None` is what is overwritten.
    /// `is_new` if `to` was used long before.
    #[inline(always)]
    pub(super) fn map<V: Simd, S: Scalar, const M: usize, const N: usize>(
        &self,
        simd: V,
        constants: &[Each<S>; M],
        from: [Option<&[S]>; N],
        (to, is_new): (&mut [S], bool),
        f: impl Fn([S::Vector<V>; M], [S::Vector<V>; N]) -> S::Vector<V>,
    ) {
        let (lanes, Sizes { length, space }) = (lanes::<V, S>(), self.sizes);
        if space == 1 {
            for lane in (0..self.count).step_by(lanes) {
                let (place, width) = (self.first + lane, lanes.min(self.count - lane));
                let constants = vectors(simd, constants, lane..self.count);
                for (sample, to) in to.parts_mut(length).enumerate() {
                    let to = first_mut(to.get_mut(place..).unwrap_or_default(), width);
                    let mut numbers = [splat(simd, S::ZERO); N];
                    for (numbers, from) in numbers.iter_mut().zip(from) {
                        let at = sample * length + place;
                        *numbers = read(simd, from.map_or(&*to, |from| run(from, at, width)));
                    }
                    write(simd, f(constants, numbers), to);
                }
            }
            return;
        }
        let places = self.places();
        let is_requested = is_new && self.is_far_apart(to);
        for (sample, to) in to.blocks_mut(length).enumerate() {
            let mut channels = [<[S]>::blocks(&[], space); N];
            for (channels, from) in channels.iter_mut().zip(&from) {
                let sample = from.and_then(|from| from.get(sample * length..(sample + 1) * length)).unwrap_or_default();
                *channels = sample.get(places.clone()).unwrap_or_default().blocks(space);
            }
            let to = to.get_mut(places.clone()).unwrap_or_default();
            for (channel, to) in to.blocks_mut(space).enumerate().take(CHANNELS) {
                let mut vectors = [splat(simd, S::ZERO); M];
                for (vector, each) in vectors.iter_mut().zip(constants) {
                    *vector = splat(simd, each[channel]);
                }
                let mut from = from;
                for (from, channels) in from.iter_mut().zip(&mut channels) {
                    *from = from.map(|_| channels.next().unwrap_or_default());
                }
                if is_requested {
                    request::run_for_writing(to.as_ptr().wrapping_add(length), space);
                }
                map_all(simd, from, to, |numbers| f(vectors, numbers));
            }
        }
    }
}

/// The constants of some channels, in the lanes of a vector.
#[inline(always)]
pub(super) fn vectors<V: Simd, S: Scalar, const M: usize>(
    simd: V,
    constants: &[Each<S>; M],
    channels: Range<usize>,
) -> [S::Vector<V>; M] {
    let mut vectors = [splat(simd, S::ZERO); M];
    for (vector, each) in vectors.iter_mut().zip(constants) {
        *vector = read(simd, each.get(channels.clone()).unwrap_or_default());
    }
    vectors
}

/// The numbers at a place, at most `width` of them.
#[inline(always)]
pub(super) fn numbers<V: Simd, S: Scalar, const N: usize>(
    simd: V,
    from: [&[S]; N],
    place: usize,
    width: usize,
) -> [S::Vector<V>; N] {
    let mut numbers = [splat(simd, S::ZERO); N];
    for (numbers, from) in numbers.iter_mut().zip(from) {
        *numbers = read(simd, run(from, place, width));
    }
    numbers
}

/// At most `width` numbers from a place on.
#[inline(always)]
fn run<S>(from: &[S], place: usize, width: usize) -> &[S] {
    first(from.get(place..).unwrap_or_default(), width)
}
