//! The declarations that the library writes for the models in `interchange` are those in `interchange/networks.rs`, which
//! `tests/interchange.rs` compiles.

#[path = "interchange/files.rs"]
mod files;
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use files::{declare, expected, folder};
use support::{camel_case, check_snapshot};

/// The declarations of all files; files whose networks are the same share one.
fn declarations() -> String {
    let mut networks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for expected in expected().into_iter().filter(|expected| expected.loads) {
        let mut declaration = declare(&expected.file);
        declaration.comments.clear();
        declaration.name = "NAME".into();
        networks.entry(declaration.source()).or_default().push(expected.file);
    }
    let mut networks: Vec<(Vec<String>, String)> =
        networks.into_iter().map(|(source, files)| (files, source)).collect();
    networks.sort();
    let mut text = String::from("//! The declarations of the models in this folder. Generated: see `README.md`.\n");
    let mut arms = String::new();
    for (files, source) in networks {
        let name = camel_case(&files[0]);
        let comments: String = files.iter().map(|file| format!("    /// `{file}`\n")).collect();
        let source = source.replace("NAME", &name).replacen("{\n", &format!("{{\n{comments}"), 1);
        let _ = write!(text, "\n{source}");
        let patterns: Vec<String> = files.iter().map(|file| format!("{file:?}")).collect();
        let _ = writeln!(arms, "        {} => super::support::run::<{name}>(weights, inputs),", patterns.join(" | "));
    }
    let _ = write!(
        text,
        "\n/// Run the network of a file with these weights.\n\
         #[rustfmt::skip]\n\
         pub(crate) fn run(file: &str, weights: &[u8], inputs: &[f64]) -> super::support::Ran {{\n    match file {{\n{arms}        \
         other => panic!(\"{{other}} has no declaration\"),\n    }}\n}}\n"
    );
    text
}

#[test]
fn declarations_are_up_to_date() {
    check_snapshot(&folder().join("networks.rs"), &declarations());
}
