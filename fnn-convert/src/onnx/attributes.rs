//! Attributes of a node.

use super::proto::{AttributeProto, NodeProto, TensorProto};

/// The attributes of a node.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a> {
    pub(super) node: &'a NodeProto,
    /// The version of the set of operators.
    pub(super) opset: i64,
}

impl<'a> Attributes<'a> {
    fn find(&self, name: &str) -> Option<&'a AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// Whether it is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn float(&self, name: &str, default: f64) -> f64 {
        self.find(name).and_then(|attribute| attribute.f).map_or(default, shortest)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.find(name).and_then(|attribute| attribute.i).unwrap_or(default)
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.int(name, i64::from(default)) != 0
    }

    pub(super) fn ints(&self, name: &str) -> Option<&'a [i64]> {
        self.find(name).map(|attribute| &attribute.ints[..])
    }

    pub(super) fn floats(&self, name: &str) -> Option<&'a [f32]> {
        self.find(name).map(|attribute| &attribute.floats[..])
    }

    /// A word.
    pub(super) fn word(&self, name: &str, default: &'a str) -> Result<&'a str, String> {
        match self.find(name).and_then(|attribute| attribute.s.as_deref()) {
            None => Ok(default),
            Some(word) => std::str::from_utf8(word).map_err(|_| format!("its attribute `{name}` isn't text")),
        }
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&'a TensorProto> {
        self.find(name)?.t.as_ref()
    }

    /// Sizes, one for each of `axes` axes.
    pub(super) fn sizes(&self, name: &str, axes: usize, default: usize) -> Result<Vec<usize>, String> {
        let Some(sizes) = self.ints(name) else { return Ok(vec![default; axes]) };
        let wrong = || format!("its {name} are {sizes:?} along {axes} axes");
        let sizes: Option<Vec<usize>> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
        sizes.filter(|sizes| sizes.len() == axes).ok_or_else(wrong)
    }
}

/// The number that was meant by a 32-bit float: 0.00001 and not 0.00000999999974738.
pub(crate) fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(number.into())
}
