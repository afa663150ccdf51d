//! Networks, layers, const parameters and other items may have any name that the macro's expansion uses.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, thread};

use crate::compiler::{Compiler, Depth};

/// The names in expansions, collected by a test of `fnn-macros`.
const IN_EXPANSIONS: &str = include_str!("../../fnn-macros/src/tests/names.txt");

/// Names from the prelude, primitive types, and other common names.
const MORE: &str = "Box Err Fn From Into Iterator Ok Result String ToString bool char f64 fn_mut i16 i32 i64 i128 isize
    std str u8 u32 u128 M N L F P D K U X Y W scalar shape sizes weight bias seed seeded zeroed boxed load save summary
    forward_into forward_all parameters Trainer Error GradientBuffers Loss Optimizer RAM_INFERENCE RAM_TRAINING
    PARAMETERS loss async await gen union auto macro_rules raw";

/// Keywords that can't be names.
const NOT_NAMES: [&str; 5] = ["_", "self", "Self", "super", "crate"];

/// Keywords that can be names only as `r#word`.
const KEYWORDS: &str =
    "abstract as async await become box break const continue do dyn else enum extern false final fn for
    gen if impl in let loop macro match mod move mut override priv pub ref return static struct trait true try type
    typeof unsafe unsized use virtual where while yield";

/// All names, as they are written, with a few examples of those that contain a number or a network's name.
fn names() -> Vec<String> {
    let stands_for_others = |word: &str| {
        let number = word.rsplit('_').next().and_then(|number| number.parse::<u32>().ok());
        number.is_some_and(|number| number > 2) || ["_Digits", "_Wide", "_Text"].iter().any(|name| word.contains(name))
    };
    let words = IN_EXPANSIONS.split_whitespace().filter(|word| !stands_for_others(word)).chain(MORE.split_whitespace());
    let mut names: Vec<_> = words
        .map(|word| word.trim_start_matches("r#"))
        .filter(|word| !NOT_NAMES.contains(word))
        .map(|word| match KEYWORDS.split_whitespace().any(|keyword| keyword == word) {
            true => format!("r#{word}"),
            false => word.to_string(),
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The folder of the files to compile.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ui");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Compiles a module for every `count` names, in a few files at once, and panics if one of them doesn't compile.
fn check(file: &str, names: &[String], count: usize, module: impl Fn(&[String]) -> String) {
    let compiler = Compiler::pinned();
    let folder = folder();
    let modules: Vec<_> = names.chunks(count).map(module).collect();
    let files = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for (part, modules) in modules.chunks(modules.len().div_ceil(files)).enumerate() {
            let mut source = String::from("#![allow(warnings)]\nfn main() {}\n");
            for (number, module) in modules.iter().enumerate() {
                writeln!(source, "mod m{number} {{ {module} }}").expect("a string has room");
            }
            let file = folder.join(format!("{file}_{part}.rs"));
            fs::write(&file, source).expect("the file is written");
            let compiler = &compiler;
            scope.spawn(move || {
                if let Some(errors) = compiler.errors(&file, Depth::Check) {
                    panic!("{errors}");
                }
            });
        }
    });
}

#[test]
fn ui_a_network_may_have_any_name() {
    check("networks", &names(), 1, |names| {
        let [name] = names else { return String::new() };
        format!(
            "::fnn::network! {{ #[derive(Clone)] pub struct {name}: [2] -> [1] {{ hidden: Dense(3), Relu, Dense(1) }} }}
            fn check() {{ let [_] = {name}::seeded(1).forward(&[0.0; 2]); }}"
        )
    });
}

#[test]
fn ui_a_layer_may_have_any_name() {
    check("layers", &names(), 20, |names| {
        let layers: String = names.iter().map(|name| format!("{name}: Dense(3), ")).collect();
        let uses: String = names.iter().map(|name| format!("network.{name}.bias[0] + ")).collect();
        format!(
            "::fnn::network! {{ #[derive(Clone)] #[quantizable] pub struct Network: [3] -> [3] {{
                {layers} Relu, Residual {{ {}: Dense(3) }}, Sigmoid }} }}
            fn check(network: &Network) {{ let _ = {uses} 0.0; }}",
            names[0],
        )
    });
}

/// Names of const parameters are in upper case, and don't start with two underscores.
fn is_upper_case(name: &str) -> bool {
    !name.trim_start_matches("r#").contains(char::is_lowercase) && !name.starts_with("__")
}

#[test]
fn ui_a_const_parameter_may_have_any_name_in_upper_case() {
    let mut names = names();
    names.retain(|name| is_upper_case(name));
    check("parameters", &names, 20, |names| {
        let parameters: Vec<_> = names.iter().map(|name| format!("const {name}: usize")).collect();
        let layers: String = names.iter().map(|name| format!("Dense({name}), ")).collect();
        format!(
            "::fnn::network! {{ #[derive(Clone)] pub struct Network<{}>: [2] -> [1] {{
                {layers} BatchNorm, Relu, Residual {{ Dense({}) }}, Dense(1) }} }}",
            parameters.join(", "),
            names[names.len() - 1],
        )
    });
}

/// Each of the others is one error, at the name.
#[test]
fn ui_other_const_parameters_are_one_error_each() {
    let mut names = names();
    names.retain(|name| !is_upper_case(name));
    let declare = |name| format!("::fnn::network! {{ struct Network<const {name}: usize>: [{name}] {{ Dense(1) }} }}");
    let source: String = names.iter().map(|name| format!("const _: () = {{ {} }};\n", declare(name))).collect();
    let file = folder().join("other_parameters.rs");
    fs::write(&file, source + "fn main() {}").expect("the file is written");
    let errors = Compiler::pinned().errors(&file, Depth::Check).unwrap_or_default();
    let count = |text: &str| errors.lines().filter(|line| line.starts_with(text)).count();
    assert_eq!(count("error: a network's const parameter needs an upper-case name"), names.len());
    assert_eq!(count("error"), names.len());
}

/// Types and functions next to a declaration; constants in upper case.
#[test]
fn ui_other_items_may_have_any_name() {
    let names = names();
    check("items", &names, names.len(), |names| {
        let item = |name: &String| match is_upper_case(name) {
            true => format!("const {name}: () = ();\n"),
            false => format!("pub struct {name} {{}} fn {name}() {{}} macro_rules! {name} {{ () => {{}} }}\n"),
        };
        format!(
            "{}
            ::fnn::network! {{ #[quantizable]
            pub struct NetworkOfThisTest: [1, 4, 4] -> [1] {{ Conv2d(2, kernel = 3), BatchNorm, Relu,
                Residual {{ Conv2d(2, kernel = 1) }}, Flatten, Dense(1 + 2 - 2) }} }}",
            names.iter().map(item).collect::<String>(),
        )
    });
}
