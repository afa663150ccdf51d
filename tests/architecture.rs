//! Checks the imports of `src` and `fnn-macros/src` against the ranks in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A crate: the section of ARCHITECTURE.md with its table, its folder, and the rank that may have a cycle, which that section
/// explains.
struct Crate {
    section: &'static str,
    folder: &'static str,
    circle: Option<usize>,
    /// One of its imports, so that a test that finds no imports fails.
    import: (&'static str, &'static str),
}

const CRATES: [Crate; 2] = [
    Crate { section: "The macro declares", folder: "fnn-macros/src", circle: None, import: ("shapes", "kinds") },
    Crate { section: "The library computes", folder: "src", circle: Some(1), import: ("layers", "kernels") },
];

/// The rank of each file or folder, from the table of ARCHITECTURE.md.
fn ranks(Crate { section, .. }: &Crate) -> BTreeMap<String, usize> {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let section = text.split("\n## ").find(|found| found.starts_with(section)).unwrap();
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.trim().parse().ok()?, cells.next()?))
    });
    rows.flat_map(|(rank, files): (usize, &str)| {
        let names = files.split('`').skip(1).step_by(2);
        names.map(move |name| (name.to_owned(), rank)).collect::<Vec<_>>()
    })
    .collect()
}

/// All Rust files in a folder, except for tests.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The name in the table that a module path belongs to: its longest prefix in the table.
fn owner(ranks: &BTreeMap<String, usize>, modules: &[&str]) -> Option<String> {
    (1..=modules.len()).rev().map(|length| modules[..length].join("/")).find(|name| ranks.contains_key(name))
}

/// The modules that a file imports with `crate::…`, except in tests and documentation.
fn imports(text: &str) -> Vec<Vec<String>> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate` is in a macro, which expands elsewhere.
        if code[..at].ends_with(|before: char| before == '$' || before == '_' || before.is_alphanumeric()) {
            continue;
        }
        let path = &code[at + "crate::".len()..];
        let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(path.len());
        let modules = path[..end].split("::").filter(|name| !name.is_empty());
        found.push(modules.map(str::to_owned).collect());
    }
    found
}

/// Which name of the table imports which.
fn edges(folder: &str, ranks: &BTreeMap<String, usize>) -> BTreeSet<(String, String)> {
    let mut sources = Vec::new();
    files(Path::new(folder), &mut sources);
    let mut edges = BTreeSet::new();
    for source in sources {
        let name = source.strip_prefix(folder).unwrap().with_extension("");
        let modules: Vec<_> = name.iter().map(|part| part.to_str().unwrap()).collect();
        let from = owner(ranks, &modules).unwrap_or_else(|| panic!("ARCHITECTURE.md has no rank for {source:?}"));
        for import in imports(&fs::read_to_string(&source).unwrap()) {
            let modules: Vec<_> = import.iter().map(String::as_str).collect();
            // Anything else is an export of the crate root.
            if let Some(to) = owner(ranks, &modules).filter(|to| *to != from) {
                edges.insert((from.clone(), to));
            }
        }
    }
    edges
}

#[test]
fn nothing_imports_from_a_higher_rank() {
    for checked in CRATES {
        let ranks = ranks(&checked);
        assert!(ranks.len() > 10, "the table of ARCHITECTURE.md isn't found");
        let (edges, (from, to)) = (edges(checked.folder, &ranks), checked.import);
        assert!(edges.contains(&(from.into(), to.into())), "imports aren't found");
        let upward: Vec<_> = edges.iter().filter(|(from, to)| ranks[from] < ranks[to]).collect();
        assert!(upward.is_empty(), "these import from a higher rank: {upward:?}");
    }
}

#[test]
fn no_rank_has_a_circle_but_the_one_that_is_explained() {
    for checked in CRATES {
        let ranks = ranks(&checked);
        let may_be_circle =
            |(from, to): &(String, String)| ranks[from] == ranks[to] && Some(ranks[from]) != checked.circle;
        let mut edges: BTreeSet<_> = edges(checked.folder, &ranks).into_iter().filter(may_be_circle).collect();
        // Remove those that import nothing of their rank, until there are none: the rest is in a cycle or imports one.
        loop {
            let importing: BTreeSet<_> = edges.iter().map(|(from, _)| from.clone()).collect();
            let before = edges.len();
            edges.retain(|(_, to)| importing.contains(to));
            if edges.len() == before {
                break;
            }
        }
        assert!(edges.is_empty(), "these import each other: {edges:?}");
    }
}
