//! Sums over channels, several strips at a time.

use super::copies::Masks;
use super::reads::Reads;
use super::{SLOTS, Strides, Strip};
use crate::chunks::Chunks;
use crate::kernels::assert_in_tests;
use crate::kernels::convolution::Parts;
use crate::kernels::vector::{Operation, Simd};
use crate::kernels::window::Plane;
use crate::scalar::Scalar;
use crate::shape::first_mut;
use crate::window::quotient;

/// A plane's strips.
pub(super) struct Layout<'a, S> {
    pub(super) strip: Strip,
    pub(super) masks: Masks<S>,
    pub(super) plane: &'a Plane,
}

/// `y = start + Σ w ∗ x` for each channel of y.
pub(super) struct Sums<'a, S> {
    pub(super) layout: &'a Layout<'a, S>,
    /// Channels x that are convolved and added.
    pub(super) terms: usize,
    /// How far numbers of x and of y lie apart.
    pub(super) strides: (Strides, Strides),
    /// Whether the weights are.
    pub(super) is_reversed: bool,
    pub(super) is_rectified: bool,
    pub(super) channels: &'a mut [S],
    /// Numbers in a channel of y.
    pub(super) length: usize,
}

/// A convolution of one channel: the indices of the channel of y and of the term, x, w, and the start.
#[derive(Clone, Copy)]
pub(super) struct Term<'a, S> {
    pub(super) channel: usize,
    pub(super) number: usize,
    pub(super) x: &'a [S],
    pub(super) w: &'a [S],
    pub(super) start: S,
}

/// Terms whose strips there is room for, and some rows of outputs: the first, and how many.
struct Together<'s, 'a, 't, S> {
    sums: &'s mut Sums<'a, S>,
    terms: &'s [Term<'t, S>],
    rows: (usize, usize),
    strips: &'s [S],
    room: &'s mut [S],
}

impl<S: Scalar> Sums<'_, S> {
    /// Computes the sums; a term is x, w, and the start, for the index of a channel of y and that of the term.
    #[inline(always)]
    pub(super) fn compute<'t, V: Simd>(
        mut self,
        simd: V,
        scratch: &mut Parts<'_, S>,
        term: impl Fn(usize, usize) -> (&'t [S], &'t [S], S),
    ) where
        S: 't,
    {
        let (Layout { strip, masks, plane }, all) = (self.layout, self.terms);
        let jobs = quotient(self.channels.len(), self.length) * all;
        for above in (0..plane.rows.output).step_by(strip.band.max(1)) {
            let rows = (above, strip.band.min(plane.rows.output - above));
            strip.lay_margins(simd, plane, rows, scratch.channel);
            let (mut channel, mut number) = (0, 0);
            for from in (0..jobs).step_by(strip.slots().max(1)) {
                let mut terms = [Term { channel: 0, number: 0, x: &[], w: &[], start: S::ZERO }; SLOTS];
                let terms = first_mut(&mut terms, strip.slots().min(jobs - from));
                for to in &mut *terms {
                    let (x, w, start) = term(channel, number);
                    *to = Term { channel, number, x, w, start };
                    number += 1;
                    if number == all {
                        (channel, number) = (channel + 1, 0);
                    }
                }
                strip.pack(simd, plane, masks, (terms, self.strides.0), rows, scratch.channel);
                let (strips, room) = (&*scratch.channel, &mut *scratch.outputs);
                // With all registers to itself.
                simd.call(Together { sums: &mut self, terms, rows, strips, room });
            }
        }
    }
}

impl<S: Scalar> Operation for Together<'_, '_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        let Self { sums, terms, rows, strips, room } = self;
        let Sums { layout, terms: all, strides, is_reversed, is_rectified, ref mut channels, length } = *sums;
        let Layout { strip, plane, .. } = layout;
        let (kernel, columns) = ((plane.rows.window.kernel, plane.columns.window.kernel), plane.columns.output);
        let (taps, outputs) = (plane.taps(), strip.outputs(plane, rows.1));
        for (&Term { channel, number, w, start, .. }, x) in terms.iter().zip(strips.blocks(strip.size())) {
            let y = channels.get_mut(channel * length..(channel + 1) * length).unwrap_or_default();
            let to = if strip.is_dense {
                y.get_mut(rows.0 * columns..(rows.0 + rows.1) * columns).unwrap_or_default()
            } else {
                room.get_mut(..outputs).unwrap_or_default()
            };
            let reads = Reads { x, g: &[], outputs, steps: strip.steps, is_reversed };
            let fits = reads.fit_whole::<V>(strip.reach) && to.len() == outputs && w.len() == taps;
            assert_in_tests!(fits, "a strip doesn't fit");
            let is_last = number + 1 == all;
            if fits {
                let ends = ((number == 0).then_some(start), is_rectified && is_last);
                // SAFETY: the inputs of all outputs can be read in whole vectors, `to` has all outputs, and `w` all taps.
                unsafe { reads.correlate(simd, kernel, w, ends, to) };
            }
            if !strip.is_dense && is_last {
                strip.unpack(simd, plane, room, rows, (y, strides.1));
            }
        }
    }
}
