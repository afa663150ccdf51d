//! Error reporting: all mistakes are collected, each at the user's token.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

/// The mistakes of one declaration.
pub(crate) struct Errors {
    errors: Vec<syn::Error>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { errors: Vec::new() }
    }

    /// Adds a mistake at these tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    /// The number of mistakes so far.
    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// All mistakes combined into one error, if there are any.
    pub(crate) fn into_error(self) -> Option<syn::Error> {
        self.errors.into_iter().reduce(|mut all, error| {
            all.combine(error);
            all
        })
    }
}

/// A call of one of the library's compile-time checks. All of its tokens have the span of the code that is checked, so
/// that rustc points there and nowhere else; the path of the library has to be imported as `__fnn`.
pub(crate) fn const_check(written: &TokenStream, function: &str, arguments: TokenStream) -> TokenStream {
    let mut tokens = written.clone().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    let last = tokens.last().map_or(first, |token| token.span());
    let function = Ident::new(function, first);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(last);
    quote_spanned!(first=> __fnn::#function #arguments)
}

/// The same tokens, with `span` for rustc's errors.
pub(crate) fn located(tokens: TokenStream, span: Span) -> TokenStream {
    let located = |mut token: TokenTree| {
        let here = token.span().located_at(span);
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), located(group.stream(), span)).into();
        }
        token.set_span(here);
        token
    };
    tokens.into_iter().map(located).collect()
}

/// The candidate that `word` may be a misspelling of.
pub(crate) fn near<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .filter(|candidate| !is_numbered(&word, candidate))
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 5)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether a word is another one plus a number, such as `Relu6`, and so not a misspelling of it.
fn is_numbered(word: &str, other: &str) -> bool {
    let number = word.strip_prefix(&other.to_lowercase()).unwrap_or_default();
    !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
}

/// `a`, `b` and `c`.
pub(crate) fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    join(words, "and")
}

/// `a`, `b` or `c`.
pub(crate) fn either<'a>(words: impl Iterator<Item = &'a str>) -> String {
    join(words, "or")
}

fn join<'a>(words: impl Iterator<Item = &'a str>, word: &str) -> String {
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
