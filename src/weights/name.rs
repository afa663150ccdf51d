//! The dotted names of arrays of weights.

use core::fmt;

use crate::shape::Shape;

/// A visitor of arrays of weights: called with the name, the shape and the values of each.
pub type Visitor<'a, S> = dyn FnMut(Name<'_>, Shape, &[S]) + 'a;

/// The dotted name of an array of weights, such as `encoder.hidden.weight`. It implements `Display`.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    parent: Option<&'a Name<'a>>,
    segment: &'static str,
}

impl Name<'_> {
    /// The empty name, to which segments are added.
    pub const ROOT: Self = Self { parent: None, segment: "" };

    /// This name, a dot, and `segment`.
    #[must_use]
    pub const fn field(&self, segment: &'static str) -> Name<'_> {
        Name { parent: Some(self), segment }
    }

    /// [`field`](Self::field), or this name if `segment` is empty.
    #[must_use]
    pub const fn part(&self, segment: &'static str) -> Name<'_> {
        if segment.is_empty() { *self } else { self.field(segment) }
    }

    /// Whether it equals `text`.
    #[must_use]
    pub const fn is(&self, text: &str) -> bool {
        matches!(self.before(text.as_bytes()), Some([]))
    }

    /// What comes before this name, if `text` ends with it.
    const fn before<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let Some(parent) = self.parent else { return Some(text) };
        let Some(rest) = strip_suffix(text, self.segment.as_bytes()) else { return None };
        if parent.parent.is_none() {
            return Some(rest);
        }
        match strip_suffix(rest, b".") {
            Some(rest) => parent.before(rest),
            None => None,
        }
    }
}

/// `text` without `suffix` at its end.
const fn strip_suffix<'t>(text: &'t [u8], suffix: &[u8]) -> Option<&'t [u8]> {
    let (mut text, mut suffix) = (text, suffix);
    while let Some((last, rest)) = suffix.split_last() {
        let Some((found, before)) = text.split_last() else { return None };
        if *found != *last {
            return None;
        }
        (text, suffix) = (before, rest);
    }
    Some(text)
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if parent.parent.is_some() {
                f.write_str(".")?;
            }
        }
        f.write_str(self.segment)
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
