//! The names of classes.

use std::fmt;
use std::io::Write;
use std::path::Path;

use crate::atomic_file::write_atomically;
use crate::error::Error;

/// What is expected of a name.
const EXPECTED: &str = "a name of its own for each class";

/// The names of N classes, in order.
///
/// ```
/// use fnn::data::Labels;
/// use fnn::metrics::ConfusionMatrix;
///
/// let labels = Labels::new(["cat", "dog", "horse"])?;
/// assert_eq!((labels.class("dog"), labels.name(2)), (Some(1), Some("horse")));
/// let mut matrix = ConfusionMatrix::<3>::new();
/// matrix.record(0, 1);
/// println!("{}", matrix.named(&labels.names()));
/// # Ok::<(), fnn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels<const N: usize>([String; N]);

impl<const N: usize> Labels<N> {
    /// These names, class after class.
    ///
    /// # Errors
    /// [`Error::Setting`] if two are equal, or one has a line break.
    pub fn new<T: Into<String>>(names: [T; N]) -> Result<Self, Error> {
        let names = names.map(Into::into);
        let wrong = |expected, found| Err(Error::Setting { name: "labels", expected, found });
        for (index, name) in names.iter().enumerate() {
            if name.contains(['\n', '\r']) {
                return wrong("names without line breaks", format!("{name:?}"));
            }
            if names[..index].contains(name) {
                return wrong(EXPECTED, format!("`{name}` twice"));
            }
        }
        Ok(Self(names))
    }

    /// The name of a class.
    #[must_use]
    pub fn name(&self, class: usize) -> Option<&str> {
        self.0.get(class).map(String::as_str)
    }

    /// The class with this name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|other| other == name)
    }

    /// All names, in order.
    #[must_use]
    pub fn names(&self) -> [&str; N] {
        self.0.each_ref().map(String::as_str)
    }

    /// Write the names to a text file, one per line. The file appears complete or not at all.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_atomically(path.as_ref(), &mut |file| self.0.iter().try_for_each(|name| writeln!(file, "{name}")))
    }

    /// Read the names from a file that [`save`](Self::save) has written, or any text file with a name per line.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] unless it has N lines, all different.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.into(), source })?;
        // Some editors mark a text as UTF-8.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let names = <[String; N]>::try_from(lines)
            .map_err(|lines| Error::format(path, "lines", format_args!("{N} names of classes"), lines.len()))?;
        for (index, name) in names.iter().enumerate() {
            if let Some(before) = names[..index].iter().position(|other| other == name) {
                let found = format_args!("`{name}`, as in line {}", before + 1);
                return Err(Error::format(path, format!("line {}", index + 1), EXPECTED, found));
            }
        }
        Ok(Self(names))
    }
}

impl<const N: usize> fmt::Display for Labels<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}
