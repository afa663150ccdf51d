//! Tables in CSV files.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::{DataSet, Labels};
use crate::error::Error;

/// A CSV file with a header: its columns, by name, become samples and targets.
///
/// ```
/// use fnn::data::{Csv, Missing};
///
/// let path = std::env::temp_dir().join(format!("fnn-doc-csv-{}.csv", std::process::id()));
/// std::fs::write(&path, "length,width,species\n39.1,18.7,Adelie\n46.5,,Chinstrap\n50.0,16.3,Gentoo\n")?;
///
/// let table = Csv::new(&path).missing(Missing::Mean);
/// let (penguins, labels) = table.classification::<2, 3>(["length", "width"], "species")?;
/// assert_eq!(penguins.inputs()[1], [46.5, 17.5]);
/// assert_eq!((penguins.targets(), labels.names()), (&[0, 1, 2][..], ["Adelie", "Chinstrap", "Gentoo"]));
///
/// let error = Csv::new(&path).regression(["length"], ["width"]).unwrap_err().to_string();
/// assert!(error.ends_with(".csv: line 3, column `width`: expected a target, found nothing"));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Spaces around a cell are ignored. A cell is missing if it is empty, or `NA`, `N/A`, `NaN`, `nan`, `null` or `?`.
/// [`DataSet::row`] is the row of a sample in the file, counted from 0 below the header.
#[derive(Clone, Debug)]
#[must_use = "a table is read by `classification` and `regression`"]
pub struct Csv {
    path: PathBuf,
    delimiter: u8,
    missing: Missing,
}

/// What happens to a row in which a cell is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// It is an error.
    #[default]
    Error,
    /// An input becomes the mean of its column in this file; a missing target is an error.
    Mean,
    /// The row is left out.
    Drop,
}

/// A row: its index and line in the file, and its cells in the order of the requested columns.
struct Row {
    row: usize,
    line: u64,
    cells: Vec<String>,
}

impl Csv {
    /// The file at `path`, which is read by the other methods. Its cells are separated by commas.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().into(), delimiter: b',', missing: Missing::Error }
    }

    /// Set the byte that separates cells, such as `b';'` or `b'\t'`.
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// Set what happens to missing cells. The default is [`Missing::Error`].
    pub fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Read samples of the columns `inputs`, with the classes in the column `target`: each different text is a class, in
    /// alphabetical order.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, and [`Error::Format`] with line and column if a column does not exist, a
    /// cell is missing or not a number, a row has another number of cells than the header, or there are not N classes.
    pub fn classification<const I: usize, const N: usize>(
        &self,
        inputs: [&str; I],
        target: &str,
    ) -> Result<(DataSet<[f32; I], usize>, Labels<N>), Error> {
        let rows = self.rows(&inputs, &[target])?;
        let names: BTreeSet<&String> = rows.iter().filter_map(|row| row.cells.get(I)).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let names = <[String; N]>::try_from(names).map_err(|names| {
            // As many of them as are readable in a sentence.
            let some = names.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let more = if names.len() > 10 { ", …" } else { "" };
            let found = if names.is_empty() { "none".into() } else { format!("{}: {some}{more}", names.len()) };
            self.wrong(format!("column `{target}`"), format_args!("{N} different classes"), found)
        })?;
        if let Some(name) = names.iter().find(|name| name.contains(['\n', '\r'])) {
            let expected = "classes without line breaks";
            return Err(self.wrong(format!("column `{target}`"), expected, format_args!("{name:?}")));
        }
        let labels = Labels::new(names)?;
        Ok((self.with_labels(&rows, inputs, target, &labels)?, labels))
    }

    /// Read samples like [`classification`](Self::classification), with the classes of another file: of the training set,
    /// for a test set.
    ///
    /// # Errors
    /// Same as [`classification`](Self::classification), and [`Error::Format`] for a class that has no label.
    pub fn classification_as<const I: usize, const N: usize>(
        &self,
        inputs: [&str; I],
        target: &str,
        labels: &Labels<N>,
    ) -> Result<DataSet<[f32; I], usize>, Error> {
        self.with_labels(&self.rows(&inputs, &[target])?, inputs, target, labels)
    }

    /// Read samples of the columns `inputs`, with the numbers in the columns `targets`.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, and [`Error::Format`] with line and column if a column does not exist, a
    /// cell is missing or not a number, or a row has another number of cells than the header.
    pub fn regression<const I: usize, const O: usize>(
        &self,
        inputs: [&str; I],
        targets: [&str; O],
    ) -> Result<DataSet<[f32; I], [f32; O]>, Error> {
        let rows = self.rows(&inputs, &targets)?;
        let target = |row: &Row| {
            let mut target = [0.0; O];
            for (column, (number, name)) in target.iter_mut().zip(targets).enumerate() {
                *number = self.number(row, I + column, name)?;
            }
            Ok(target)
        };
        self.data_set(&rows, inputs, target)
    }

    fn with_labels<const I: usize, const N: usize>(
        &self,
        rows: &[Row],
        inputs: [&str; I],
        target: &str,
        labels: &Labels<N>,
    ) -> Result<DataSet<[f32; I], usize>, Error> {
        let class = |row: &Row| {
            let name = row.cells.get(I).map_or("", String::as_str);
            let unknown = || {
                let place = format!("line {}, column `{target}`", row.line);
                self.wrong(place, format_args!("one of the classes {labels}"), format_args!("`{name}`"))
            };
            labels.class(name).ok_or_else(unknown)
        };
        self.data_set(rows, inputs, class)
    }

    /// The data set of these rows.
    fn data_set<const I: usize, T>(
        &self,
        rows: &[Row],
        names: [&str; I],
        target: impl Fn(&Row) -> Result<T, Error>,
    ) -> Result<DataSet<[f32; I], T>, Error> {
        let mut inputs = vec![[0.0; I]; rows.len()];
        for (column, name) in names.into_iter().enumerate() {
            let (mut sum, mut present) = (0.0, 0usize);
            for (input, row) in inputs.iter_mut().zip(rows) {
                if !is_missing(&row.cells[column]) {
                    input[column] = self.number(row, column, name)?;
                    sum += f64::from(input[column]);
                    present += 1;
                }
            }
            if present == 0 && !rows.is_empty() {
                return Err(self.wrong(format!("column `{name}`"), "at least one number", "none"));
            }
            for (input, row) in inputs.iter_mut().zip(rows) {
                if is_missing(&row.cells[column]) {
                    input[column] = (sum / present as f64) as f32;
                }
            }
        }
        let targets = rows.iter().map(target).collect::<Result<_, _>>()?;
        Ok(DataSet { inputs, targets, rows: Some(rows.iter().map(|row| row.row).collect()) })
    }

    /// The rows of the file, with the cells of these columns. Missing ones are only those that are to be replaced.
    fn rows(&self, inputs: &[&str], targets: &[&str]) -> Result<Vec<Row>, Error> {
        let bytes = std::fs::read(&self.path).map_err(|source| Error::File { path: self.path.clone(), source })?;
        let unreadable = |error| self.unreadable(&bytes, &error);
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(self.delimiter).trim(csv::Trim::All);
        let mut reader = reader.from_reader(&bytes[..]);
        let header = reader.headers().map_err(unreadable)?.clone();
        let names = || inputs.iter().chain(targets);
        let columns = names().map(|name| self.column(&header, name)).collect::<Result<Vec<usize>, _>>()?;

        let (mut rows, mut last) = (Vec::new(), None);
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(unreadable)?;
            let line = line(&bytes, record.position());
            last = record.position().cloned();
            let cells: Vec<String> = columns.iter().map(|&column| record.get(column).unwrap_or("").into()).collect();
            let missing = |from: usize| (from..cells.len()).find(|&column| is_missing(&cells[column]));
            let refused = match self.missing {
                Missing::Error => missing(0),
                Missing::Mean => missing(inputs.len()),
                Missing::Drop if missing(0).is_some() => continue,
                Missing::Drop => None,
            };
            if let Some(column) = refused {
                let name = names().nth(column).copied().unwrap_or_default();
                let expected = if column < inputs.len() { "a number" } else { "a target" };
                let found = if cells[column].is_empty() { "nothing".into() } else { format!("`{}`", cells[column]) };
                return Err(self.wrong(format!("line {line}, column `{name}`"), expected, found));
            }
            rows.push(Row { row, line, cells });
        }
        if self.is_cut(rest(&bytes, last.as_ref())) {
            let line = line(&bytes, last.as_ref());
            return Err(self.wrong(format!("line {line}"), "a quote at the end of a cell", "the end of the file"));
        }
        Ok(rows)
    }

    /// Whether the last record ends within quotes, which the reader ignores: a line after it would be a part of it.
    fn is_cut(&self, last: &[u8]) -> bool {
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(self.delimiter).has_headers(false).flexible(true);
        let count = |bytes: &[u8]| reader.from_reader(bytes).byte_records().count();
        count(last) == count(&[last, b"\n0"].concat())
    }

    /// The index of the column with this name.
    fn column(&self, header: &csv::StringRecord, name: &str) -> Result<usize, Error> {
        let mut found = header.iter().enumerate().filter(|(_, other)| *other == name).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (Some(_), Some(_)) => Err(self.wrong("header", format_args!("one column `{name}`"), "more than one")),
            (None, _) => {
                let names = header.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let found = if names.is_empty() { "nothing".into() } else { names };
                Err(self.wrong("header", format_args!("a column `{name}`"), found))
            }
        }
    }

    /// The number in a cell.
    fn number(&self, row: &Row, column: usize, name: &str) -> Result<f32, Error> {
        let cell = row.cells.get(column).map_or("", String::as_str);
        let expected = match cell.parse::<f32>() {
            Ok(number) if number.is_finite() => return Ok(number),
            Ok(_) => "a finite number that is an `f32`",
            Err(_) => "a number",
        };
        Err(self.wrong(format!("line {}, column `{name}`", row.line), expected, format_args!("`{cell}`")))
    }

    /// An error of the reader.
    fn unreadable(&self, bytes: &[u8], error: &csv::Error) -> Error {
        let line = |position: &Option<csv::Position>| format!("line {}", line(bytes, position.as_ref()));
        match error.kind() {
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                self.wrong(line(pos), format_args!("{expected_len} cells, as in the header"), len)
            }
            csv::ErrorKind::Utf8 { pos, err } => {
                self.wrong(line(pos), "text in UTF-8", format_args!("other bytes in cell {}", err.field() + 1))
            }
            other => self.wrong("file", "a table", format_args!("{other:?}")),
        }
    }

    fn wrong(&self, field: impl Into<Box<str>>, expected: impl Display, found: impl Display) -> Error {
        Error::format(&self.path, field, expected, found)
    }
}

/// The line of a record whose position is that of its first byte, or of the empty lines before it.
fn line(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let empty = rest(bytes, Some(position))
        .iter()
        .take_while(|&&byte| byte == b'\n' || byte == b'\r')
        .filter(|&&byte| byte == b'\n');
    position.line() + empty.count() as u64
}

/// The bytes from a record on.
fn rest<'a>(bytes: &'a [u8], position: Option<&csv::Position>) -> &'a [u8] {
    let start = position.map_or(0, csv::Position::byte);
    usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default()
}

/// Whether a cell is missing.
fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "N/A" | "NaN" | "nan" | "null" | "?")
}
