//! Compile errors: one mistake per file, which is named after it.
//!
//! Each file in a folder of `tests/ui` is compiled on its own and must not compile; rustc's output is compared with the `.stderr` file
//! next to it. In the environment, `UI=names/twice` selects the files whose path contains that, and `SNAPSHOTS=overwrite` writes
//! rustc's output to the `.stderr` files: review it before you commit it.

mod compiler;
mod names;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs, thread};

use compiler::{Compiler, Depth};

/// The files with this extension in the folders of `tests/ui`.
fn files(extension: &str) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let folders = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui")).filter(|path| path.is_dir());
    let mut files: Vec<_> = folders.flat_map(|folder| entries(&folder)).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// Compiles all files, on every core, and returns the failures.
fn compare(files: Vec<PathBuf>, compiler: &Compiler) -> Vec<String> {
    let overwrite = env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let (files, wrong) = (Mutex::new(files.into_iter()), Mutex::new(Vec::new()));
    let next = || files.lock().expect("no panic").next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(file) = next() {
                    if let Err(message) = compare_file(&file, compiler, overwrite) {
                        wrong.lock().expect("no panic").push(message);
                    }
                }
            });
        }
    });
    wrong.into_inner().expect("no panic")
}

/// Compiles one file, and compares rustc's output with the `.stderr` file, or writes that file.
fn compare_file(file: &Path, compiler: &Compiler, overwrite: bool) -> Result<(), String> {
    let name = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a file of the package");
    let depth = if name.starts_with("tests/ui/first_use") { Depth::Build } else { Depth::Check };
    let Some(found) = compiler.errors(name, depth) else { return Err(format!("{}: compiles", name.display())) };
    let snapshot = file.with_extension("stderr");
    if overwrite {
        return fs::write(snapshot, found).map_err(|error| format!("{}: {error}", name.display()));
    }
    let expected = fs::read_to_string(snapshot).unwrap_or_default();
    if found == expected {
        return Ok(());
    }
    Err(format!("{}\n-- expected:\n{expected}-- found:\n{found}", name.display()))
}

#[test]
fn ui_mistakes_are_one_error_each() {
    let wanted = env::var("UI").unwrap_or_default();
    let mut cases = files("rs");
    cases.retain(|file| file.to_string_lossy().contains(&wanted));
    assert!(!cases.is_empty(), "no file's path contains `{wanted}`");
    let count = cases.len();
    let wrong = compare(cases, &Compiler::pinned());
    assert!(wrong.is_empty(), "{} of {count} files:\n\n{}", wrong.len(), wrong.join("\n"));
}

/// Every `.stderr` file belongs to a test.
#[test]
fn ui_expectations_belong_to_files() {
    for snapshot in files("stderr") {
        assert!(snapshot.with_extension("rs").exists(), "{}", snapshot.display());
    }
}

/// The README's wrong declaration and its errors are those of the test `together/readme.rs`.
#[test]
fn the_readme_shows_what_rustc_prints() {
    let readme = include_str!("../../README.md");
    let (declaration, _) = include_str!("together/readme.rs").split_once("\n\nfn main").expect("a main function");
    let errors = include_str!("together/readme.stderr").replace("tests/ui/together/readme.rs", "src/main.rs");
    assert!(readme.contains(&format!("compile_fail\n{declaration}\n```\n")));
    assert!(readme.contains(&format!("```text\n{errors}```\n")));
}
