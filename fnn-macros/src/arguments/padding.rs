//! The argument `padding`: at both ends of each axis.

use syn::{Expr, ExprTuple};

use crate::report::{Errors, either};
use crate::size::{Scope, Size};

/// The padding of an axis.
#[expect(clippy::large_enum_variant, reason = "there are a handful of them in a declaration")]
pub(crate) enum Padding {
    /// Before the first element and after the last.
    Ends([Size; 2]),
    /// As much as gives an output for every stride.
    Same,
    /// As much before the first element as a window reaches back.
    Causal,
}

impl Padding {
    pub(super) fn none() -> Self {
        Self::Ends([Size::zero(), Size::zero()])
    }
}

/// A size for all ends of both axes, or `(rows, columns)`; reports a mistake and returns `None`. It may have been one
/// of `words`, but is none of them.
pub(super) fn of_axes(value: &Expr, words: &[&str], scope: &mut Scope, errors: &mut Errors) -> Option<Vec<[Size; 2]>> {
    match value {
        Expr::Tuple(ExprTuple { elems, .. }) if elems.len() == 2 => {
            let axes: Vec<_> = elems.iter().map(|axis| of_axis(axis, &[], scope, errors)).collect();
            axes.into_iter().collect()
        }
        Expr::Tuple(_) | Expr::Array(_) => {
            errors.at(
                value,
                "`padding` must be one size, `(rows, columns)` or `((above, below), (left, right))`".to_string(),
            );
            None
        }
        _ => of_axis(value, words, scope, errors).map(|ends| vec![ends]),
    }
}

/// A size for both ends of an axis, or `(before, after)`; reports a mistake and returns `None`. It may have been one of
/// `words`, but is none of them.
pub(super) fn of_axis(value: &Expr, words: &[&str], scope: &mut Scope, errors: &mut Errors) -> Option<[Size; 2]> {
    match value {
        Expr::Tuple(ExprTuple { elems, .. }) if elems.len() == 2 && !elems.iter().any(is_nested) => {
            let ends = [&elems[0], &elems[1]].map(|end| of_end(end, scope, errors));
            let [Some(before), Some(after)] = ends else { return None };
            Some([before, after])
        }
        Expr::Path(word) if !words.is_empty() && is_lowercase(&word.path) => {
            let words = match words {
                [word] => format!(" or `{word}`"),
                words => format!(", {}", either(words.iter().copied())),
            };
            errors.at(value, format!("`padding` must be an integer{words}; leave it out for no padding"));
            None
        }
        size => of_end(size, scope, errors).map(|size| [size.clone(), size]),
    }
}

/// A size for one end, or both; reports a mistake and returns `None`.
fn of_end(value: &Expr, scope: &mut Scope, errors: &mut Errors) -> Option<Size> {
    match value {
        value if is_nested(value) => {
            errors.at(value, "the `padding` of an axis must be one size or `(before, after)`".to_string());
            None
        }
        Expr::Path(word) if is_lowercase(&word.path) => {
            errors.at(value, "the `padding` at one end must be an integer".to_string());
            None
        }
        size => scope.size(size, "`padding`", errors),
    }
}

fn is_nested(value: &Expr) -> bool {
    matches!(value, Expr::Tuple(_) | Expr::Array(_))
}

/// Whether it is a word rather than the name of a constant.
fn is_lowercase(path: &syn::Path) -> bool {
    path.get_ident().is_some_and(|name| name.to_string().starts_with(char::is_lowercase))
}
