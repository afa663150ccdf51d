//! The sizes of a shape: expressions, which the compiler computes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, Lit};

/// One size of a shape: any const expression.
#[derive(Clone)]
pub(crate) struct Size {
    /// The expression.
    pub(crate) tokens: TokenStream,
    /// Its value, where the macro can read it.
    pub(crate) known: Option<usize>,
    /// How a person would write it.
    pub(crate) text: String,
}

impl Size {
    pub(crate) fn new(expression: &Expr) -> Self {
        let known: Option<usize> = match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(value) => value.base10_parse().ok(),
                _ => None,
            },
            _ => None,
        };
        let tokens = expression.to_token_stream();
        let text = known.map_or_else(|| tokens.to_string(), |value| value.to_string());
        Self { tokens, known, text }
    }

    pub(crate) fn one() -> Self {
        Self { tokens: quote!(1), known: Some(1), text: "1".into() }
    }

    pub(crate) fn zero() -> Self {
        Self { tokens: quote!(0), known: Some(0), text: "0".into() }
    }

    /// The product of sizes.
    pub(crate) fn product(sizes: &[Self]) -> Self {
        if let [size] = sizes {
            return size.clone();
        }
        let factors = sizes.iter().map(|size| &size.tokens);
        let tokens = factors.fold(quote!(1), |product, factor| quote!(#product * (#factor)));
        let texts: Vec<_> = sizes.iter().map(|size| size.text.as_str()).collect();
        let known = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(size.known?));
        let text = known.map_or_else(|| texts.join("·"), |value| value.to_string());
        Self { tokens, known, text }
    }

    /// The sum of two sizes.
    pub(crate) fn sum(&self, other: &Self) -> Self {
        let (one, two) = (&self.tokens, &other.tokens);
        let known = self.known.and_then(|known| known.checked_add(other.known?));
        let text = known.map_or_else(|| format!("{} + {}", self.text, other.text), |value| value.to_string());
        Self { tokens: quote!((#one) + (#two)), known, text }
    }

    /// What a function of the library makes of sizes. `known` is what it gives where all of them are known: it goes
    /// into tables, and nowhere else.
    pub(crate) fn call<const N: usize>(
        fnn: &TokenStream,
        function: &str,
        sizes: [&Self; N],
        known: impl FnOnce([usize; N]) -> Option<usize>,
    ) -> Self {
        let name = quote::format_ident!("{function}");
        let arguments = sizes.iter().map(|size| &size.tokens);
        let tokens = quote!(#fnn::__private::#name(#(#arguments),*));
        let texts: Vec<_> = sizes.iter().map(|size| size.text.as_str()).collect();
        let values: Option<Vec<_>> = sizes.iter().map(|size| size.known).collect();
        let known = values.and_then(|values| known(values.try_into().ok()?));
        let text = known.map_or_else(|| format!("{function}({})", texts.join(", ")), |value| value.to_string());
        Self { tokens, known, text }
    }

    /// Whether two sizes were written alike, so that they are equal for sure.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
