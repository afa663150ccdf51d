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

    /// Whether it equals `text`.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        match self.parent {
            None => text.is_empty(),
            Some(parent) => match text.strip_suffix(self.segment) {
                Some(rest) if parent.parent.is_none() => rest.is_empty(),
                Some(rest) => rest.strip_suffix('.').is_some_and(|rest| parent.is(rest)),
                None => false,
            },
        }
    }
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
