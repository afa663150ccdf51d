//! The macros never panic, and always expand to valid Rust syntax: declarations and structs with tokens removed,
//! doubled, swapped and replaced at random.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::{derive, network};

/// Valid inputs that cover the whole grammar.
pub(super) const DECLARATIONS: &[&str] = &[
    "#[derive(Clone)] pub struct Digits: [1, 28, 28] -> [10] {
        Flatten, hidden: Dense(2 * UNITS, bias = false), Relu, Dropout(0.5), logits: Dense(10, init = Constant(0.5)) }",
    "struct Wide<const HIDDEN: usize, const OUT: usize>: [4] -> [OUT] {
        a: Dense(HIDDEN), Residual { Dense(3), Gelu(tanh), Residual { Scale<HIDDEN> }, Dense(HIDDEN) }, Dense(OUT) }",
    "pub(crate) struct Image: [3, 32, 32] {
        Conv2d(8, kernel = (3, 5), stride = 2, padding = same), BatchNorm(epsilon = 1e-5), MaxPool2d(2),
        #[cfg(test)] DepthwiseConv2d(kernel = 3), Concat { { Identity }, { Conv2d(4, kernel = 1), Silu }, {} },
        Residual { { Conv2d(4, kernel = 1) }, { Conv2d(4, kernel = 1, groups = 2) } }, GlobalAvgPool, Dense(10) }",
    "struct Text: [16] -> [2] {
        #[doc = \"tokens\"] Embedding(100, 8), LayerNorm(axes = 1), Reshape(1, 16, 8), Upsample2d((2, 1)), Flatten,
        encoder: crate::Encoder, <A as B<3>>::C, r#type: Softmax, LeakyRelu(-0.1), PRelu(slopes = each) }",
];

const STRUCTS: &[&str] = &[
    "#[derive(Parameters)] #[repr(C)] #[parameters(crate = a::b)] pub struct Scale<const N: usize, S: Scalar = f32> {
        #[doc = \"gain\"] pub gain: [S; N], shift: Option<S> }",
    "#[repr(transparent)] struct Pair<A, S>(A, [[S; 2]; 3]) where A: Parameters<Scalar = S>, S: Scalar;",
];

/// Tokens to insert at random.
const STRAYS: &str =
    "fnn self crate _ r#struct type Residual Concat Dense Relu Conv2d S __unknown HIDDEN same usize cfg
    repr = : :: ; , . -> => < > # ! - * / & 'a 0 1 -1 18446744073709551616 1.5 1e400 'x' \"text\" b\"bytes\" true false
    () [] {} (1, 2) [3] { Dense(3) } #[cfg(a)] #[repr(packed)] const where pub";

/// Steele, Lea and Flood's `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) % bound.max(1) as u64) as usize
    }
}

/// The same tokens with one random change.
fn mutate(tokens: TokenStream, strays: &[TokenTree], random: &mut Random) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let place = random.below(tokens.len());
    let stray = strays[random.below(strays.len())].clone();
    match tokens.get(place) {
        None => return stray.into(),
        Some(TokenTree::Group(group)) if random.below(4) > 0 => {
            let delimiter = match random.below(20) {
                0 => Delimiter::Brace,
                1 => Delimiter::Parenthesis,
                2 => Delimiter::None,
                _ => group.delimiter(),
            };
            tokens[place] = Group::new(delimiter, mutate(group.stream(), strays, random)).into();
        }
        Some(token) => {
            let token = token.clone();
            let other = random.below(tokens.len());
            match random.below(5) {
                0 => drop(tokens.remove(place)),
                1 => tokens.insert(place, token),
                2 => tokens.insert(place, stray),
                3 => tokens.swap(place, other),
                _ => tokens[place] = stray,
            }
        }
    }
    tokens.into_iter().collect()
}

/// Expands thousands of mutated inputs.
fn expand_mutations(inputs: &[&str], count: usize, expand: fn(TokenStream) -> TokenStream) {
    let strays: Vec<_> = STRAYS.parse::<TokenStream>().unwrap().into_iter().collect();
    let mut random = Random(1);
    for number in 0..count {
        let mut input: TokenStream = inputs[number % inputs.len()].parse().unwrap();
        for _ in 0..=random.below(3) {
            input = mutate(input, &strays, &mut random);
        }
        let text = input.to_string();
        let expansion = catch_unwind(AssertUnwindSafe(|| expand(input)));
        let Ok(expansion) = expansion else { panic!("a panic at: {text}") };
        if let Err(error) = syn::parse2::<syn::File>(expansion.clone()) {
            panic!("{error} in the expansion of: {text}\n{expansion}");
        }
    }
}

#[test]
fn no_declaration_makes_the_macro_panic() {
    expand_mutations(DECLARATIONS, 4000, |declaration| network(quote::quote!([::fnn] #declaration)));
}

#[test]
fn no_struct_makes_the_derive_panic() {
    expand_mutations(STRUCTS, 2000, |input| {
        derive::parameters(input).unwrap_or_else(|error| error.into_compile_error())
    });
}

/// Unchanged, all of them are valid.
#[test]
fn what_is_mutated_is_valid() {
    for declaration in DECLARATIONS {
        let declaration: TokenStream = declaration.parse().unwrap();
        let expansion = network(quote::quote!([::fnn] #declaration)).to_string();
        assert!(!expansion.contains("compile_error"), "{expansion}");
    }
    for input in STRUCTS {
        derive::parameters(input.parse().unwrap()).unwrap();
    }
}
