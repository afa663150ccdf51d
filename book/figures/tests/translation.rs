//! The translations of the book against the original: the same headings, programs, figures, formulas, tables and links.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The chapters that are translated.
const CHAPTERS: [&str; 8] = [
    "introduction",
    "neuron",
    "network",
    "loss",
    "chain-rule",
    "backpropagation",
    "gradient-descent",
    "gradient-check",
];

fn book(folder: &str, chapter: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join(chapter).with_extension("md")
}

/// What a translation keeps: one line for each heading, include, block formula, row of a table, exercise, and each link.
fn structure(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mark = line.split(' ').next().unwrap_or_default();
        if !mark.is_empty() && mark.bytes().all(|byte| byte == b'#') {
            found.push(format!("heading {mark}"));
        } else if line.starts_with("| ") {
            found.push(format!("row of {}", line.matches(" |").count()));
        } else if let Some(frame) = line.strip_prefix("<iframe src=") {
            found.push(frame.split('"').nth(1).unwrap_or_default().trim_start_matches("../").into());
        } else if line.starts_with("$$") {
            found.push(line.into());
        } else if let Some(place) = line.split("{{#include ").nth(1) {
            // A translation is one folder deeper.
            found.push(place.trim_start_matches("../").into());
        } else if mark.strip_suffix('.').is_some_and(|number| number.parse::<u32>().is_ok()) {
            found.push(format!("item {mark}"));
        }
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(links.filter(|link| link.contains("api/")).map(|link| link.trim_start_matches("../").into()));
    }
    found
}

#[test]
fn chinese_has_the_structure_of_the_english_original() {
    for chapter in CHAPTERS {
        let [english, chinese] = ["src", "zh/src"].map(|folder| fs::read_to_string(book(folder, chapter)).unwrap());
        let [english, chinese] = [structure(&english), structure(&chinese)];
        assert!(english.len() > 5, "{chapter}: {english:?}");
        for (line, (original, translated)) in english.iter().zip(&chinese).enumerate() {
            assert_eq!(original, translated, "{chapter}, part {line}");
        }
        assert_eq!(english.len(), chinese.len(), "{chapter}");
    }
}
