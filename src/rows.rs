//! The samples of a batch, which may lie anywhere in a set.

use crate::shape::Sample;

/// The samples of a batch: all rows of a set in order, or those that have some numbers.
///
/// ```
/// use fnn::layers::Rows;
///
/// let set = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
/// assert_eq!(Rows::in_order(&set).samples(), Some(&set[..]));
/// assert_eq!(Rows::scattered(&set, &[2, 0]).len(), 2);
/// ```
#[derive(Debug)]
pub struct Rows<'a, A> {
    set: &'a [A],
    numbers: Option<&'a [usize]>,
}

impl<A> Clone for Rows<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Rows<'_, A> {}

impl<'a, A> Rows<'a, A> {
    /// Samples that lie one after the other.
    #[inline(always)]
    #[must_use]
    pub const fn in_order(samples: &'a [A]) -> Self {
        Self { set: samples, numbers: None }
    }

    /// The samples of `set` that have these numbers, counted from 0.
    #[inline(always)]
    #[must_use]
    pub const fn scattered(set: &'a [A], numbers: &'a [usize]) -> Self {
        Self { set, numbers: Some(numbers) }
    }

    /// How many there are.
    #[inline(always)]
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.numbers {
            Some(numbers) => numbers.len(),
            None => self.set.len(),
        }
    }

    /// Whether there are none.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples, if they lie one after the other.
    #[inline(always)]
    #[must_use]
    pub const fn samples(self) -> Option<&'a [A]> {
        match self.numbers {
            Some(_) => None,
            None => Some(self.set),
        }
    }

    /// The same rows of a set with another type, which `view` returns.
    #[inline(always)]
    #[must_use]
    pub fn map<B>(self, view: impl FnOnce(&'a [A]) -> &'a [B]) -> Rows<'a, B> {
        Rows { set: view(self.set), numbers: self.numbers }
    }

    /// The set, and the numbers of the rows in it, unless they are all rows in order.
    #[inline(always)]
    pub(crate) const fn parts(self) -> (&'a [A], Option<&'a [usize]>) {
        (self.set, self.numbers)
    }

    /// All elements of the set, and the numbers of the rows in it, unless they are all rows in order.
    #[inline(always)]
    pub(crate) fn flat(self) -> (&'a [A::Element], Option<&'a [usize]>)
    where
        A: Sample,
    {
        let (set, numbers) = self.parts();
        (Sample::flat(set), numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_where_they_lie() {
        let set = [[1i32, 2], [3, 4], [5, 6]];
        let (all, some) = (Rows::in_order(&set), Rows::scattered(&set, &[2, 0]));
        assert_eq!((all.len(), all.samples()), (3, Some(&set[..])));
        assert_eq!((some.len(), some.samples()), (2, None));
        assert_eq!(some.flat(), (&[1, 2, 3, 4, 5, 6][..], Some(&[2, 0][..])));
        assert_eq!(some.map(|set| set.as_flattened()).flat(), some.flat());
        assert!(!some.is_empty() && Rows::scattered(&set, &[]).is_empty());
    }
}
