//! Runs rustc on single files against the library as cargo has built it, and normalizes the output.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler of `rust-toolchain.toml`, and where it finds the library.
pub(crate) struct Compiler {
    rustc: PathBuf,
    library: PathBuf,
}

/// How far to compile a file.
#[derive(Clone, Copy)]
pub(crate) enum Depth {
    /// As `cargo check` does.
    Check,
    /// As `cargo build` does: with code generation, for which generic code is instantiated.
    Build,
}

impl Compiler {
    /// Finds the compiler and the library. Panics if the compiler isn't that of `rust-toolchain.toml`, because rustc's messages
    /// change from version to version.
    pub(crate) fn pinned() -> Self {
        let rustc = PathBuf::from(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let version = stdout(Command::new(&rustc).arg("--version"));
        let pinned = include_str!("../../rust-toolchain.toml").split('"').nth(1).expect("a channel");
        assert!(
            version.starts_with(&format!("rustc {pinned} ")),
            "the UI tests need rustc {pinned}, which rust-toolchain.toml names, but this is {version}: run \
             `cargo +{pinned} test --test ui`, or leave them out with `--skip ui_`",
        );
        Self { rustc, library: library() }
    }

    /// Compiles a file. Returns rustc's output, or nothing if there are no errors.
    pub(crate) fn errors(&self, file: &Path, depth: Depth) -> Option<String> {
        let output = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ui");
        let dependencies = self.library.parent().expect("a folder");
        let emitted = match depth {
            Depth::Check => "metadata",
            Depth::Build => "obj",
        };
        let name = file.to_string_lossy().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let result = Command::new(&self.rustc)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["--edition", "2024", "--color", "never", "--crate-name", &name, "--emit", emitted, "--out-dir"])
            .arg(output)
            .arg("-L")
            .arg(format!("dependency={}", dependencies.display()))
            .arg("--extern")
            .arg(format!("fnn={}", self.library.display()))
            .arg(file)
            .output()
            .expect("rustc runs");
        let printed = String::from_utf8(result.stderr).expect("rustc prints UTF-8");
        (!result.status.success()).then(|| normalized(&printed))
    }
}

/// The library as cargo has built it for these tests; builds it if it doesn't exist.
fn library() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder");
    let artifacts = stdout(
        Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["test", "--no-run", "--test", "ui", "--quiet", "--message-format", "json", "--target-dir"])
            .arg(target),
    );
    let mut strings = artifacts.split('"').map(|string| PathBuf::from(string.replace(r"\\", r"\")));
    let is_library = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "rlib")
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libfnn-"))
    };
    strings.find(is_library).expect("cargo builds the library")
}

/// The output of a command; panics if it fails.
fn stdout(command: &mut Command) -> String {
    let output = command.output().expect("the command runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the command prints UTF-8")
}

/// rustc's output without the parts that depend on the library and on other tests: line numbers in the library's files, and the
/// numbers of other types and of errors.
fn normalized(printed: &str) -> String {
    const SUMMARIES: [&str; 3] = ["error: aborting due to", "Some errors have", "For more information about"];
    let is_summary = |diagnostic: &str| {
        SUMMARIES.iter().any(|summary| diagnostic.starts_with(summary))
            || (diagnostic.starts_with("warning: ") && diagnostic.trim_end().ends_with(" emitted"))
    };
    let diagnostics = printed.trim().split("\n\n").filter(|diagnostic| !is_summary(diagnostic));
    diagnostics.map(|diagnostic| normalized_diagnostic(diagnostic) + "\n").collect::<Vec<_>>().join("\n")
}

/// A line of a diagnostic, without the margin for line numbers.
enum Line<'a> {
    /// `--> file:1:2`, or `::: file:1:2`
    Place(String),
    /// A line of source code, with its number if it is in the test's own file.
    Source(Option<&'a str>, &'a str),
    /// A line with a margin but without a number.
    Margin(&'a str),
    /// Anything else: headings, and continuations of a line with a margin, which are indented like it.
    Text(String),
}

fn normalized_diagnostic(diagnostic: &str) -> String {
    let mut own_file = true;
    let lines: Vec<_> = diagnostic.lines().map(|line| Line::of(line, &mut own_file)).collect();
    let digits = |line: &Line<'_>| match line {
        Line::Source(Some(number), _) => number.len(),
        _ => 1,
    };
    let width = lines.iter().map(digits).max().unwrap_or(1);
    let printed_width =
        diagnostic.split_once("--> ").map_or(width, |(before, _)| before.len() - before.trim_end_matches(' ').len());
    let surplus = " ".repeat(printed_width.saturating_sub(width));
    lines.iter().map(|line| line.print(width, &surplus)).collect::<Vec<_>>().join("\n")
}

impl<'a> Line<'a> {
    /// `own_file` is whether the previous lines are in the test's own file; a new location changes it.
    fn of(line: &'a str, own_file: &mut bool) -> Self {
        let text = line.trim_start();
        let is_place = |text: &str| text.starts_with("--> ") || text.starts_with("::: ");
        let number = text.split(' ').next().filter(|number| number.parse::<u32>().is_ok());
        if is_place(text) {
            let path = text.replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "");
            *own_file = path[4..].starts_with("tests/ui/");
            let path =
                if *own_file { &path } else { path.trim_end_matches(|end: char| end == ':' || end.is_ascii_digit()) };
            Self::Place(path.into())
        } else if let Some(number) = number {
            Self::Source(own_file.then_some(number), text[number.len()..].trim_start())
        } else if text.len() < line.len() && (text.starts_with('|') || text.starts_with('=')) {
            Self::Margin(text)
        } else if text.starts_with("and ") && text.ends_with(" others") {
            Self::Text(format!("{}and $N others", &line[..line.len() - text.len()]))
        } else {
            Self::Text(line.into())
        }
    }

    /// `width` is that of the margin for line numbers, which rustc printed wider by `surplus`.
    fn print(&self, width: usize, surplus: &str) -> String {
        match self {
            Self::Place(place) => format!("{:width$}{place}", ""),
            Self::Source(number, code) => format!("{:>width$} {code}", number.unwrap_or("")),
            Self::Margin(text) => format!("{:width$} {text}", ""),
            Self::Text(text) => text.strip_prefix(surplus).unwrap_or(text).into(),
        }
    }
}
