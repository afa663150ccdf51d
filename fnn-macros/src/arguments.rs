//! What a layer is given in parentheses.

use quote::ToTokens;
use syn::{Expr, Lit};

use crate::kinds::{Form, Kind};
use crate::report::list;
use crate::size::Size;

/// The values of a layer's arguments.
pub(crate) struct Arguments {
    kind: &'static Kind,
    /// In the order of the kind's parameters.
    values: Vec<Option<Expr>>,
}

impl Arguments {
    pub(crate) fn new(kind: &'static Kind, values: Vec<Option<Expr>>) -> Self {
        Self { kind, values }
    }

    /// The argument of the parameter of this name, where it is given.
    pub(crate) fn get(&self, name: &str) -> Option<&Expr> {
        let index = self.kind.parameters.iter().position(|parameter| parameter.name == name)?;
        self.values.get(index)?.as_ref()
    }

    /// A size; 1 where it isn't given.
    pub(crate) fn size(&self, name: &str) -> Size {
        self.get(name).map_or_else(Size::one, Size::new)
    }

    /// A size for the axis of this number, where there is one for both or for each.
    pub(crate) fn size_of_axis(&self, name: &str, axis: usize) -> Option<Size> {
        match self.get(name)? {
            Expr::Tuple(tuple) => tuple.elems.get(axis).map(Size::new),
            size => Some(Size::new(size)),
        }
    }

    /// A switch, on where it isn't given.
    pub(crate) fn on(&self, name: &str) -> bool {
        !matches!(self.get(name), Some(Expr::Lit(literal)) if matches!(&literal.lit, Lit::Bool(value) if !value.value))
    }

    /// Whether the word `word` is given.
    pub(crate) fn is(&self, name: &str, word: &str) -> bool {
        self.get(name).is_some_and(|value| is_word(value, word))
    }
}

fn is_word(value: &Expr, word: &str) -> bool {
    value.to_token_stream().to_string() == word
}

impl Form {
    /// The sizes in an argument of this form, or what is wrong with it.
    pub(crate) fn judge<'a>(&self, name: &str, value: &'a Expr) -> Result<Vec<&'a Expr>, String> {
        match (self, value) {
            (Self::Padding | Self::PairOfPaddings, word) if is_word(word, "same") => Ok(Vec::new()),
            (Self::Pair | Self::PairOfPaddings, Expr::Tuple(tuple)) if tuple.elems.len() == 2 => {
                Ok(tuple.elems.iter().collect())
            }
            (Self::Pair | Self::PairOfPaddings, Expr::Tuple(_)) => {
                Err(format!("`{name}` is one size, or two: `{name} = (rows, columns)`"))
            }
            (Self::Size | Self::Padding, Expr::Tuple(_)) => Err(format!("`{name}` is one size")),
            (Self::Size | Self::Padding | Self::Pair | Self::PairOfPaddings, size) => Ok(vec![size]),
            (Self::Count, Expr::Lit(literal)) if matches!(literal.lit, Lit::Int(_)) => Ok(Vec::new()),
            (Self::Count, _) => Err(format!("`{name}` is a number, as `{name} = 1`")),
            (Self::Switch, Expr::Lit(literal)) if matches!(literal.lit, Lit::Bool(_)) => Ok(Vec::new()),
            (Self::Switch, _) => Err(format!("`{name}` is `true` or `false`")),
            (Self::Word(words), value) if !words.iter().any(|word| is_word(value, word)) => {
                Err(format!("`{name}` is one of {}", list(words.iter().copied())))
            }
            (Self::Word(_) | Self::Number | Self::Initializer, _) => Ok(Vec::new()),
        }
    }
}
