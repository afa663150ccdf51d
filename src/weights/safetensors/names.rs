//! The mapping from tensors in a file to arrays of the network, by name or by order.

use core::cmp::Ordering;

use super::error::Wrong;
use super::header::{Reader, same};
use super::options::LoadOptions;
use crate::weights::layout::{ArrayLocation, DottedName, Layout};

impl LoadOptions<'_> {
    /// The network's array for a tensor, if there is one.
    pub(super) const fn locate(&self, name: &str, header: &str, layout: &Layout) -> Option<ArrayLocation> {
        let Some(name) = behind(name, self.prefix) else { return None };
        if self.by_order { self.locate_by_order(name, header, layout) } else { layout.find(&self.rename(name)) }
    }

    /// The network's name for a tensor.
    const fn rename<'n>(&'n self, name: &'n str) -> DottedName<'n> {
        let mut pair = 0;
        while pair < self.names.len() {
            let (from, to) = self.names[pair];
            if let Some(rest) = behind(name, from)
                && matches!(rest.as_bytes(), [] | [b'.', ..])
            {
                // The network itself has no name, and therefore no dot after it.
                let rest = if to.is_empty() && !rest.is_empty() { without_first(rest) } else { rest };
                return DottedName::new(to, rest);
            }
            pair += 1;
        }
        DottedName::new("", name)
    }

    /// Layers match by position: the same number of arrays precedes both.
    const fn locate_by_order(&self, name: &str, header: &str, layout: &Layout) -> Option<ArrayLocation> {
        let (layer, name) = split_last(name);
        let (mut reader, mut before) = (Reader::new(header), 0);
        while let Ok(Some(entry)) = reader.next() {
            if let Some(other) = behind(entry.name, self.prefix)
                && !entry.is_count()
                && matches!(compare(split_last(other).0, layer), Some(Ordering::Less))
            {
                before += 1;
            }
        }
        // The layer whose first array has that index.
        let (mut array, mut arrays) = (0, 0);
        while let Some(location) = layout.locate(array) {
            if location.layer == array && arrays == before {
                return find_in_layer(layout, array, name);
            }
            arrays += location.is_required() as usize;
            array += 1;
        }
        None
    }

    /// Check that tensors can be matched by order: all are in numbered layers, and their number is that of the
    /// network's arrays.
    pub(super) const fn check_order<'a>(&self, header: &'a str, layout: &Layout) -> Result<(), Wrong<'a>> {
        let (mut array, mut expected) = (0, 0);
        while let Some(location) = layout.locate(array) {
            expected += location.is_required() as usize;
            array += 1;
        }
        let (mut reader, mut found) = (Reader::new(header), 0);
        while let Ok(Some(entry)) = reader.next() {
            found += !entry.is_count() as usize;
        }
        if found != expected {
            return Err(Wrong::Tensors { expected, found });
        }
        // The numbers of tensors and arrays are now known to be equal, so a pairwise comparison is affordable.
        let mut reader = Reader::new(header);
        while let Ok(Some(entry)) = reader.next() {
            let mut others = reader;
            while let Ok(Some(other)) = others.next() {
                if let (Some(one), Some(other)) = (behind(entry.name, self.prefix), behind(other.name, self.prefix))
                    && compare(split_last(one).0, split_last(other).0).is_none()
                {
                    return Err(Wrong::Unordered { name: entry.name });
                }
            }
        }
        Ok(())
    }
}

/// The array `name` of the layer whose first array has index `first`.
const fn find_in_layer(layout: &Layout, first: usize, name: &str) -> Option<ArrayLocation> {
    let mut array = first;
    while let Some(location) = layout.locate(array) {
        if location.layer != first {
            return None;
        }
        if same(location.name, name) {
            return Some(location);
        }
        array += 1;
    }
    None
}

/// The rest of `text` after the prefix `start`.
const fn behind<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    match text.split_at_checked(start.len()) {
        Some((begin, rest)) if same(begin, start) => Some(rest),
        _ => None,
    }
}

/// The name of a layer, and of the tensor in it.
const fn split_last(name: &str) -> (&str, &str) {
    let bytes = name.as_bytes();
    let mut dot = bytes.len();
    while dot > 0 {
        dot -= 1;
        if dot < bytes.len() && bytes[dot] == b'.' {
            return at_dot(name, dot);
        }
    }
    ("", name)
}

/// What is in front of the dot at `dot`, and behind it.
const fn at_dot(name: &str, dot: usize) -> (&str, &str) {
    match name.split_at_checked(dot) {
        Some((before, rest)) => (before, without_first(rest)),
        None => (name, ""),
    }
}

/// `text` without its first character, which is ASCII.
const fn without_first(text: &str) -> &str {
    match text.split_at_checked(1) {
        Some((_, rest)) => rest,
        None => "",
    }
}

/// The order of two layers, if it is given by their numbers.
const fn compare(one: &str, other: &str) -> Option<Ordering> {
    let (mut one, mut other) = (one, other);
    loop {
        match (one.is_empty(), other.is_empty()) {
            (true, true) => return Some(Ordering::Equal),
            (true, false) => return Some(Ordering::Less),
            (false, true) => return Some(Ordering::Greater),
            (false, false) => {}
        }
        let (first, one_rest) = split_first(one);
        let (second, other_rest) = split_first(other);
        if !same(first, second) {
            return match (number(first), number(second)) {
                (Some(first), Some(second)) if first < second => Some(Ordering::Less),
                (Some(first), Some(second)) if first > second => Some(Ordering::Greater),
                _ => None,
            };
        }
        (one, other) = (one_rest, other_rest);
    }
}

/// The first segment of a dotted name, and the rest after its dot.
const fn split_first(name: &str) -> (&str, &str) {
    let bytes = name.as_bytes();
    let mut dot = 0;
    while dot < bytes.len() {
        if bytes[dot] == b'.' {
            return at_dot(name, dot);
        }
        dot += 1;
    }
    (name, "")
}

/// The number of a segment.
const fn number(segment: &str) -> Option<u64> {
    match u64::from_str_radix(segment, 10) {
        Ok(number) => Some(number),
        Err(_) => None,
    }
}
