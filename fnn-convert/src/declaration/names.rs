//! Names of layers: from the model, as valid and unique fields in snake case.

use std::collections::HashSet;

use super::{Content, Layer};

/// Longer names are cut.
const MAX_LENGTH: usize = 48;

/// The segments of a name in a model: of `/encoder/blocks.0/conv1/Conv` as of `encoder.blocks.0.conv1`, in snake case.
pub(super) fn path(name: &str) -> Vec<String> {
    name.split(['/', '.', ':', ';']).map(segment).filter(|segment| !segment.is_empty()).collect()
}

/// A segment in snake case, of letters, digits and `_`.
fn segment(text: &str) -> String {
    let mut segment = String::new();
    let mut lower = false;
    for letter in text.chars().take(MAX_LENGTH) {
        if letter.is_ascii_uppercase() && lower {
            segment.push('_');
        }
        lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if letter.is_ascii_alphanumeric() {
            segment.push(letter.to_ascii_lowercase());
        } else if !segment.ends_with('_') && !segment.is_empty() {
            segment.push('_');
        }
    }
    segment.trim_matches('_').to_string()
}

/// Give names to the layers that have weights, and to blocks; others are unnamed.
pub(super) fn assign(layers: &mut [Layer]) {
    let prefixes: Vec<Vec<String>> = layers.iter().map(Layer::own_path).collect();
    let mut taken = HashSet::new();
    for (layer, path) in layers.iter_mut().zip(&prefixes) {
        layer.name = layer.has_weights().then(|| shortest(path, &taken)).flatten();
        taken.extend(layer.name.clone());
    }
    for (layer, path) in layers.iter_mut().zip(&prefixes) {
        // A name that it would have without one isn't written.
        if let Some(name) = layer.name.clone() {
            taken.remove(&name);
            if unnamed(&layer.kind(), &mut taken.clone()) == name {
                layer.name = None;
            } else {
                taken.insert(name);
            }
        }
        layer.field = match &layer.name {
            Some(name) => name.clone(),
            None => unnamed(&layer.kind(), &mut taken),
        };
        if let Content::Block { branches, .. } = &mut layer.content {
            for branch in branches {
                for layer in branch.iter_mut() {
                    layer.shorten(path.len());
                }
                assign(branch);
            }
        }
    }
}

impl Layer {
    /// Its path; that of a block is what the paths of all its layers begin with.
    fn own_path(&self) -> Vec<String> {
        let Content::Block { branches, .. } = &self.content else { return self.path.clone() };
        let paths: Vec<Vec<String>> =
            branches.iter().flatten().filter(|layer| layer.has_weights()).map(Self::own_path).collect();
        let Some(first) = paths.first() else { return Vec::new() };
        let shared = (0..first.len()).take_while(|&index| paths.iter().all(|path| path.get(index) == first.get(index)));
        let shared = shared.count();
        // The name of a single layer isn't that of the block around it.
        let shared = if paths.iter().any(|path| path.len() == shared) { shared.saturating_sub(1) } else { shared };
        let mut path = first[..shared].to_vec();
        // The names of branches, in a model that this library has written.
        while path.last().is_some_and(|last| matches!(last.as_str(), "first" | "second")) {
            path.pop();
        }
        path
    }

    /// Leave out the first segments of its path, and of those inside.
    fn shorten(&mut self, segments: usize) {
        self.path.drain(..segments.min(self.path.len()));
        if let Content::Block { branches, .. } = &mut self.content {
            branches.iter_mut().flatten().for_each(|layer| layer.shorten(segments));
        }
    }

    fn has_weights(&self) -> bool {
        match &self.content {
            Content::Kind { weights, .. } => !weights.is_empty(),
            Content::Block { branches, .. } => branches.iter().flatten().any(Self::has_weights),
        }
    }

    /// The kind, as it is written.
    fn kind(&self) -> String {
        match &self.content {
            Content::Kind { written, .. } => written.split('(').next().unwrap_or_default().to_string(),
            Content::Block { block, .. } => block.name().to_string(),
        }
    }
}

/// The shortest end of a path that is a name and isn't taken: a number alone is none.
fn shortest(path: &[String], taken: &HashSet<String>) -> Option<String> {
    let is_name = |name: &str| name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let names = (0..path.len()).rev().map(|start| path[start..].join("_")).filter(|name| is_name(name));
    let names = names.map(|name| valid(name.chars().take(MAX_LENGTH).collect()));
    let last = names.clone().next_back()?;
    let numbered = (2..).map(|number| format!("{last}_{number}"));
    names.chain(numbered).find(|name| !taken.contains(name))
}

/// A name that is no keyword.
fn valid(name: String) -> String {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
        "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
        "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
        "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ];
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_layer") } else { name }
}

/// The name that `network!` gives to an unnamed layer: its kind and the first number that makes it unique.
fn unnamed(kind: &str, taken: &mut HashSet<String>) -> String {
    let mut stem = String::new();
    for (index, letter) in kind.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            stem.push('_');
        }
        stem.extend(letter.to_lowercase());
    }
    let name = (1..).map(|number| format!("{stem}_{number}")).find(|name| !taken.contains(name)).unwrap_or(stem);
    taken.insert(name.clone());
    name
}
