//! A layer's arguments: the text in parentheses.

mod initializer;
mod padding;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, Lit};

use crate::flow::Site;
use crate::parse::Argument;
use crate::report::{Errors, const_check, either, list, near};
use crate::size::{Scope, Size};
use initializer::INITIALIZERS;
pub(crate) use padding::Padding;

/// How a kind is written, with its arguments.
#[derive(Clone, Copy)]
pub(crate) struct Signature {
    pub(crate) example: &'static str,
    pub(crate) parameters: &'static [Parameter],
}

/// A parameter of a kind.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// Its name in messages.
    pub(crate) meaning: &'static str,
    pub(crate) argument: ArgumentType,
    pub(crate) required: bool,
    /// Whether it can be positional.
    pub(crate) positional: bool,
}

/// The type of an argument.
#[derive(Clone, Copy)]
pub(crate) enum ArgumentType {
    /// A const expression of type `usize`.
    Size,
    /// A size for both axes of an image, or `(rows, columns)`.
    Pair,
    /// An integer literal, which the macro reads.
    Count,
    /// The padding of a sequence: a size, or `(before, after)`; or one of these words.
    Padding(&'static [&'static str]),
    /// The padding of an image: one size, or `(rows, columns)`, each a size or `(before, after)`; or one of these words.
    PairOfPaddings(&'static [&'static str]),
    /// A const expression of type `f64`, checked by this function of the library.
    Number(&'static str),
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An `Initializer`.
    Initializer,
}

pub(crate) const fn required(name: &'static str, meaning: &'static str, argument: ArgumentType) -> Parameter {
    Parameter { name, meaning, argument, required: true, positional: true }
}

pub(crate) const fn optional(name: &'static str, argument: ArgumentType) -> Parameter {
    Parameter { name, meaning: "", argument, required: false, positional: true }
}

pub(crate) const fn keyword(name: &'static str, argument: ArgumentType) -> Parameter {
    Parameter { name, meaning: "", argument, required: false, positional: false }
}

/// The values of a layer's arguments.
pub(crate) struct Arguments {
    parameters: &'static [Parameter],
    /// In parameter order.
    values: Vec<Option<Value>>,
}

/// A parsed argument.
enum Value {
    /// One size, or one for each axis.
    Sizes(Vec<Size>),
    /// The same for paddings.
    Paddings(Vec<[Size; 2]>),
    Number(NumberArgument),
    /// Switches, words and initializers.
    Other(Expr),
}

/// A number as it was written.
struct NumberArgument {
    value: TokenStream,
    check: &'static str,
    /// The user's tokens, for error spans.
    written: TokenStream,
}

/// A number passed as a const parameter of a layer's type.
pub(crate) struct Number {
    /// The const parameter: the number's bits.
    pub(crate) bits: TokenStream,
    /// The number.
    pub(crate) value: TokenStream,
    /// Its check, if it was written.
    pub(crate) check: TokenStream,
}

impl Arguments {
    /// Binds arguments to parameters; `None` if there is a mistake.
    pub(crate) fn bind(
        name: &Ident,
        signature: Signature,
        given: Vec<Argument>,
        scope: &mut Scope,
        errors: &mut Errors,
    ) -> Option<Self> {
        let mut values: Vec<Option<Value>> = signature.parameters.iter().map(|_| None).collect();
        let before = errors.count();
        let mut taken = vec![false; values.len()];
        let mut position = 0;
        for argument in &given {
            let Some(index) = signature.parameter_of(name, position, argument, errors) else {
                // After one argument too many, all others are too many as well.
                if argument.key.is_none() { break } else { continue }
            };
            position += usize::from(argument.key.is_none());
            let parameter = &signature.parameters[index];
            if std::mem::replace(&mut taken[index], true) {
                errors.at(&argument.value, format!("`{}` is given twice", parameter.name));
            } else {
                values[index] = parameter.value(&argument.value, scope, errors);
            }
        }
        if errors.count() == before {
            for (parameter, value) in signature.parameters.iter().zip(&values) {
                if parameter.required && value.is_none() {
                    errors.at(name, format!("`{name}` needs {}: `{}`", parameter.meaning, signature.example));
                }
            }
        }
        (errors.count() == before).then_some(Self { parameters: signature.parameters, values })
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let index = self.parameters.iter().position(|parameter| parameter.name == name)?;
        self.values.get(index)?.as_ref()
    }

    /// The switch, word or initializer of this name, if present.
    pub(crate) fn get(&self, name: &str) -> Option<&Expr> {
        match self.value(name)? {
            Value::Other(value) => Some(value),
            _ => None,
        }
    }

    /// A number, or `default`.
    pub(crate) fn number(&self, site: &Site<'_>, name: &str, default: f64) -> Number {
        self.number_or(site, name, quote!(#default))
    }

    /// A number, or `default`, a const expression.
    pub(crate) fn number_or(&self, site: &Site<'_>, name: &str, default: TokenStream) -> Number {
        let fnn = site.fnn;
        let (value, check) = match self.value(name) {
            Some(Value::Number(NumberArgument { value, check, written })) => {
                let layer = site.name;
                (value.clone(), const_check(written, check, quote!(#layer, #name, #value)))
            }
            _ => (default, TokenStream::new()),
        };
        Number { bits: quote!({ #fnn::macro_support::bits(#value) }), value, check }
    }

    /// Whether an argument was written.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether a number is a literal with this property, or left out.
    pub(crate) fn is_literal(&self, name: &str, property: impl Fn(f64) -> bool) -> bool {
        match self.value(name) {
            Some(Value::Number(NumberArgument { value, .. })) => {
                let text = value.to_string().replace([' ', '_'], "");
                text.trim_end_matches("f64").parse().is_ok_and(property)
            }
            _ => true,
        }
    }

    /// A size, 1 by default.
    pub(crate) fn size(&self, name: &str) -> Size {
        self.size_of_axis(name, 0).unwrap_or_else(Size::one)
    }

    /// The size for the axis at this index, written once for both axes or as a pair.
    pub(crate) fn size_of_axis(&self, name: &str, axis: usize) -> Option<Size> {
        match self.value(name)? {
            Value::Sizes(sizes) => sizes.get(axis).or_else(|| sizes.first()).cloned(),
            _ => None,
        }
    }

    /// The padding of the axis at this index, written as for all axes or for each; none by default.
    pub(crate) fn padding(&self, axis: usize) -> Padding {
        match self.value("padding") {
            Some(Value::Paddings(ends)) => match ends.get(axis).or_else(|| ends.first()) {
                Some(ends) => Padding::Ends(ends.clone()),
                None => Padding::none(),
            },
            _ if self.is("padding", "same") => Padding::Same,
            _ if self.is("padding", "causal") => Padding::Causal,
            _ => Padding::none(),
        }
    }

    /// A switch, on by default.
    pub(crate) fn on(&self, name: &str) -> bool {
        !self.is(name, "false")
    }

    /// Whether the argument is `word`.
    pub(crate) fn is(&self, name: &str, word: &str) -> bool {
        self.get(name).is_some_and(|value| is_word(value, word))
    }
}

fn is_word(value: &Expr, word: &str) -> bool {
    value.to_token_stream().to_string() == word
}

impl Signature {
    /// The index of the parameter that an argument is for.
    fn parameter_of(&self, name: &Ident, position: usize, argument: &Argument, errors: &mut Errors) -> Option<usize> {
        let Some(key) = &argument.key else {
            let parameter = self.parameters.get(position);
            if parameter.is_some_and(|parameter| parameter.positional) {
                return Some(position);
            }
            errors.at(&argument.value, self.one_too_many(name, parameter, &argument.value));
            return None;
        };
        let index = self.parameters.iter().position(|parameter| key == parameter.name);
        if index.is_none() {
            let names = || self.parameters.iter().map(|parameter| parameter.name);
            let message = match near(&key.to_string(), names()) {
                _ if key == "activation" => {
                    format!(
                        "`{name}` has no argument `activation`: an activation is a separate layer; write `Relu`, for example, after this one"
                    )
                }
                _ if self.parameters.is_empty() => format!("`{name}` takes no arguments"),
                Some(near) => format!("`{name}` has no argument `{key}`; did you mean `{near}`?"),
                None => format!("`{name}` has no argument `{key}`; its arguments are {}", list(names())),
            };
            errors.at(key, message);
        }
        index
    }

    /// The message for a positional argument without a parameter, or for one that must be named.
    fn one_too_many(&self, name: &Ident, parameter: Option<&Parameter>, value: &Expr) -> String {
        let Self { parameters, example } = self;
        let is_switch = matches!(value, Expr::Lit(literal) if matches!(literal.lit, Lit::Bool(_)));
        // The name of an argument without a value.
        if let Expr::Path(path) = value
            && let Some(Parameter { name, argument, .. }) =
                parameters.iter().find(|parameter| path.path.is_ident(parameter.name))
        {
            let example = if matches!(argument, ArgumentType::Switch) { " = false" } else { " =" };
            return format!("`{name}` needs a value: `{name}{example}`");
        }
        match parameter {
            Some(Parameter { name, argument, .. }) if is_switch == matches!(argument, ArgumentType::Switch) => {
                format!("`{name}` must be passed by name: `{name} = {}`", value.to_token_stream())
            }
            _ if parameters.is_empty() => format!("`{name}` takes no arguments"),
            _ if matches!(parameters[0].argument, ArgumentType::Size) => {
                let inputs = "the input size follows from the layer before";
                format!("too many arguments: write `{example}`; {inputs}")
            }
            _ => format!("too many arguments: write `{example}`"),
        }
    }
}

impl Parameter {
    /// Parses an argument; reports a mistake and returns `None`.
    fn value(&self, value: &Expr, scope: &mut Scope, errors: &mut Errors) -> Option<Value> {
        let what = format!("`{}`", self.name);
        let mut mistake = |message: String| {
            errors.at(value, message);
            None
        };
        let other = || Some(Value::Other(value.clone()));
        if let Some(word) = self.quoted_word(value) {
            return mistake(format!("{what} takes words without quotes: `{} = {word}`", self.name));
        }
        match (self.argument, value) {
            (ArgumentType::Padding(words) | ArgumentType::PairOfPaddings(words), word)
                if words.iter().any(|known| is_word(word, known)) =>
            {
                other()
            }
            (ArgumentType::Padding(words), padding) => {
                padding::of_axis(padding, words, scope, errors).map(|ends| Value::Paddings(vec![ends]))
            }
            (ArgumentType::PairOfPaddings(words), padding) => {
                padding::of_axes(padding, words, scope, errors).map(Value::Paddings)
            }
            (ArgumentType::Pair, Expr::Tuple(tuple)) if tuple.elems.len() == 2 => {
                let sizes: Vec<_> = tuple.elems.iter().map(|size| scope.size(size, &what, errors)).collect();
                sizes.into_iter().collect::<Option<_>>().map(Value::Sizes)
            }
            (ArgumentType::Pair, Expr::Tuple(_) | Expr::Array(_)) => {
                mistake(format!("{what} must be one size or a pair: `{} = (rows, columns)`", self.name))
            }
            (ArgumentType::Size, Expr::Tuple(_)) => mistake(format!("{what} must be a single size")),
            (ArgumentType::Size | ArgumentType::Pair, size) => {
                scope.size(size, &what, errors).map(|size| Value::Sizes(vec![size]))
            }
            (ArgumentType::Count, Expr::Lit(literal)) if matches!(literal.lit, Lit::Int(_)) => {
                scope.size(value, &what, errors).map(|size| Value::Sizes(vec![size]))
            }
            (ArgumentType::Count, _) => {
                mistake(format!("{what} must be an integer literal, such as `{} = 1`", self.name))
            }
            (ArgumentType::Number(check), number) => {
                let value = scope.number(number, &what, errors)?;
                Some(Value::Number(NumberArgument { value, check, written: number.to_token_stream() }))
            }
            (ArgumentType::Switch, Expr::Lit(literal)) if matches!(literal.lit, Lit::Bool(_)) => other(),
            (ArgumentType::Switch, _) => mistake(format!("{what} must be `true` or `false`")),
            (ArgumentType::Word(words), word) if words.iter().any(|known| is_word(word, known)) => other(),
            (ArgumentType::Word(words), _) => mistake(format!("{what} must be {}", either(words.iter().copied()))),
            (ArgumentType::Initializer, initializer) => match initializer::mistake(initializer) {
                Some(message) => mistake(message),
                None => other(),
            },
        }
    }
}

impl Parameter {
    /// The word in a string literal, if the parameter takes that word without quotes.
    fn quoted_word(&self, value: &Expr) -> Option<String> {
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value else { return None };
        let text = text.value();
        let words: &[&str] = match self.argument {
            ArgumentType::Padding(words) | ArgumentType::PairOfPaddings(words) => words,
            ArgumentType::Switch => &["true", "false"],
            ArgumentType::Word(words) => words,
            ArgumentType::Initializer => INITIALIZERS,
            _ => &[],
        };
        words.contains(&text.as_str()).then_some(text)
    }
}
