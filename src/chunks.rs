//! Slices cut into pieces, without a panic path at any optimization level.
//!
//! The standard library's `chunks` and `chunks_exact` divide by the size of a chunk and panic if it is 0; at `opt-level =
//! "s"` and below, the compiler often doesn't see that it isn't. These never divide, and with a size of 0 there are no
//! pieces.

use core::mem::take;

/// Cuts slices into pieces.
pub(crate) trait Chunks<T> {
    /// Pieces of this size; a shorter rest is left out.
    fn blocks(&self, size: usize) -> Blocks<'_, T>;

    /// Pieces of this size; the last one may be shorter.
    fn parts(&self, size: usize) -> Parts<'_, T>;

    /// [`blocks`](Self::blocks), mutable.
    fn blocks_mut(&mut self, size: usize) -> BlocksMut<'_, T>;

    /// [`parts`](Self::parts), mutable.
    fn parts_mut(&mut self, size: usize) -> PartsMut<'_, T>;
}

impl<T> Chunks<T> for [T] {
    #[inline(always)]
    fn blocks(&self, size: usize) -> Blocks<'_, T> {
        Blocks { rest: self, size }
    }

    #[inline(always)]
    fn parts(&self, size: usize) -> Parts<'_, T> {
        Parts { rest: self, size }
    }

    #[inline(always)]
    fn blocks_mut(&mut self, size: usize) -> BlocksMut<'_, T> {
        BlocksMut { rest: self, size }
    }

    #[inline(always)]
    fn parts_mut(&mut self, size: usize) -> PartsMut<'_, T> {
        PartsMut { rest: self, size }
    }
}

/// Pieces of one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blocks<'a, T> {
    rest: &'a [T],
    size: usize,
}

/// Pieces of one size, but for the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a, T> {
    rest: &'a [T],
    size: usize,
}

/// [`Blocks`], mutable.
#[derive(Debug)]
pub(crate) struct BlocksMut<'a, T> {
    rest: &'a mut [T],
    size: usize,
}

/// [`Parts`], mutable.
#[derive(Debug)]
pub(crate) struct PartsMut<'a, T> {
    rest: &'a mut [T],
    size: usize,
}

impl<'a, T> Iterator for Blocks<'a, T> {
    type Item = &'a [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a [T]> {
        if self.size == 0 || self.rest.len() < self.size {
            return None;
        }
        let (block, rest) = self.rest.split_at_checked(self.size)?;
        self.rest = rest;
        Some(block)
    }

    #[inline(always)]
    fn nth(&mut self, n: usize) -> Option<&'a [T]> {
        self.rest = self.rest.get(n.saturating_mul(self.size)..).unwrap_or_default();
        self.next()
    }
}

impl<'a, T> Iterator for Parts<'a, T> {
    type Item = &'a [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a [T]> {
        if self.size == 0 || self.rest.is_empty() {
            return None;
        }
        let (part, rest) = self.rest.split_at_checked(self.size).unwrap_or((self.rest, &[]));
        self.rest = rest;
        Some(part)
    }
}

impl<'a, T> Iterator for BlocksMut<'a, T> {
    type Item = &'a mut [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a mut [T]> {
        if self.size == 0 || self.rest.len() < self.size {
            return None;
        }
        let (block, rest) = take(&mut self.rest).split_at_mut_checked(self.size)?;
        self.rest = rest;
        Some(block)
    }

    #[inline(always)]
    fn nth(&mut self, n: usize) -> Option<&'a mut [T]> {
        self.rest = take(&mut self.rest).get_mut(n.saturating_mul(self.size)..).unwrap_or_default();
        self.next()
    }
}

impl<'a, T> Iterator for PartsMut<'a, T> {
    type Item = &'a mut [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a mut [T]> {
        if self.size == 0 || self.rest.is_empty() {
            return None;
        }
        let size = self.size.min(self.rest.len());
        let (part, rest) = take(&mut self.rest).split_at_mut_checked(size)?;
        self.rest = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_those_of_the_standard_library() {
        let numbers: [usize; 13] = core::array::from_fn(|index| index);
        for (length, size) in (0..=13).flat_map(|length| (1..=15).map(move |size| (length, size))) {
            let (numbers, mut other) = (&numbers[..length], numbers);
            let other = &mut other[..length];
            assert!(numbers.blocks(size).eq(numbers.chunks_exact(size)));
            assert!(numbers.parts(size).eq(numbers.chunks(size)));
            assert!(other.blocks_mut(size).eq(numbers.chunks_exact(size)));
            assert!(other.parts_mut(size).eq(numbers.chunks(size)));
            for n in 0..4 {
                assert!(numbers.blocks(size).skip(n).eq(numbers.chunks_exact(size).skip(n)));
                assert!(other.blocks_mut(size).skip(n).eq(numbers.chunks_exact(size).skip(n)));
            }
        }
        assert_eq!(numbers.blocks(0).chain(numbers.parts(0)).count(), 0);
        assert_eq!([1, 2].blocks_mut(0).count() + [1, 2].parts_mut(0).count(), 0);
    }
}
