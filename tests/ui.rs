//! What the compiler says of mistakes: one mistake a file, named by the mistake.
//!
//! The words around ours are rustc's, so they are compared with one version of it.

use std::process::Command;

/// Whether the words in the `.stderr` files are those of the compiler at hand.
fn words_are_those_of_this_compiler() -> bool {
    const VERSION: &str = "rustc 1.95.";
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&output.stdout);
    let same = version.starts_with(VERSION);
    if !same {
        println!("skipped: the expected messages are those of {VERSION}x, and this is {version}");
    }
    same
}

#[test]
fn mistakes_are_one_error_each() {
    if !words_are_those_of_this_compiler() {
        return;
    }
    let cases = trybuild::TestCases::new();
    let topics = [
        "syntax",
        "arguments",
        "shapes",
        "names",
        "traits",
        "use",
        "together",
        "weights",
        "budget",
        "quantized",
        "split",
    ];
    for topic in topics {
        cases.compile_fail(format!("tests/ui/{topic}/*.rs"));
    }
}

/// The README's mistaken declaration and its errors are those of the test `together/readme.rs`.
#[test]
fn the_readme_shows_what_rustc_prints() {
    let readme = include_str!("../README.md");
    let (declaration, _) = include_str!("ui/together/readme.rs").split_once("\n\nfn main").expect("a main function");
    let errors = include_str!("ui/together/readme.stderr").replace("tests/ui/together/readme.rs", "src/main.rs");
    assert!(readme.contains(&format!("compile_fail\n{declaration}\n```\n")));
    assert!(readme.contains(&format!("```text\n{errors}```\n")));
}

/// What shows only in code that is generated: in a build, and not in `cargo check`.
#[test]
fn mistakes_that_show_at_first_use_are_one_error_each() {
    if !words_are_those_of_this_compiler() {
        return;
    }
    let cases = trybuild::TestCases::new();
    // One that builds makes `trybuild` build, and not only check.
    cases.pass("tests/ui/first_use/none.rs");
    for mistake in [
        "output_of_a_generic_network",
        "residual_of_a_generic_network",
        "zero_units_of_a_generic_network",
        "seeded_too_large",
        "softmax_before_cross_entropy",
        "softmax_before_kullback_leibler",
        "fit_a_softmax_with_cross_entropy",
        "sigmoid_before_binary_cross_entropy",
    ] {
        cases.compile_fail(format!("tests/ui/first_use/{mistake}.rs"));
    }
}
