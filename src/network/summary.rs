//! The summary of a network: a table of its layers.

use core::fmt::{self, Display, Write};

use crate::layer::{Layer, Row};
use crate::network::Network;

/// The summary of a network: layers, shapes, weights and cost. Print it with `Display`.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    describe: fn(&'static str, usize, &mut dyn FnMut(Row)),
    total: Row,
    flash: usize,
    inference: usize,
    training: usize,
}

impl Summary {
    /// The summary of a network.
    #[must_use]
    pub fn of<L: Layer>() -> Self {
        Self {
            describe: L::describe,
            total: Row::of::<L>("", 0),
            flash: L::FLASH,
            inference: L::RAM_INFERENCE,
            training: L::RAM_TRAINING,
        }
    }

    /// Visit the rows: the network first, then its layers, each composite before its contents.
    pub fn for_each(&self, visitor: &mut dyn FnMut(Row)) {
        (self.describe)("", 0, visitor);
    }
}

/// The table's columns.
const COLUMNS: usize = 5;

/// The text of a cell.
fn cell(row: &Row, column: usize, f: &mut dyn Write) -> fmt::Result {
    match column {
        0 => {
            for _ in 1..row.depth {
                f.write_str("  ")?;
            }
            f.write_str(row.name)
        }
        1 => f.write_str(row.kind),
        2 => write!(f, "{}", row.output),
        3 => write_unless_zero(row.parameters as u64, f),
        _ => write_unless_zero(row.macs, f),
    }
}

fn write_unless_zero(number: u64, f: &mut dyn Write) -> fmt::Result {
    if number == 0 { Ok(()) } else { write!(f, "{number}") }
}

/// The column headers.
const HEAD: [&str; COLUMNS] = ["layer", "kind", "output", "weights", "multiply-accumulates"];

/// Counts the characters written to it, since there may be no heap to format into.
struct Letters(usize);

impl Write for Letters {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.chars().count();
        Ok(())
    }
}

/// The width of a cell.
pub(crate) fn width(cell: impl FnOnce(&mut dyn Write) -> fmt::Result) -> usize {
    let mut letters = Letters(0);
    // Counting cannot fail.
    let _ = cell(&mut letters);
    letters.0
}

/// Write a cell: text left-aligned, numbers right-aligned.
fn pad(
    f: &mut fmt::Formatter<'_>,
    column: usize,
    widths: &[usize; COLUMNS],
    cell: impl Fn(&mut dyn Write) -> fmt::Result,
) -> fmt::Result {
    let space = widths.get(column).map_or(0, |width| width.saturating_sub(self::width(&cell)));
    let numbers = column >= 3;
    if column > 0 {
        f.write_str("  ")?;
    }
    if numbers {
        write!(f, "{:space$}", "")?;
    }
    cell(f)?;
    if !numbers {
        write!(f, "{:space$}", "")?;
    }
    Ok(())
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = HEAD.map(str::len);
        let total = Row { name: "total", kind: "", depth: 1, ..self.total };
        let mut measure = |row: &Row| {
            for (column, widest) in widths.iter_mut().enumerate() {
                *widest = (*widest).max(width(|f| cell(row, column, f)));
            }
        };
        self.for_each(&mut |row| measure(&row));
        measure(&total);

        writeln!(f, "{}: {} -> {}", self.total.kind, self.total.input, self.total.output)?;
        for (column, name) in HEAD.iter().enumerate() {
            pad(f, column, &widths, |f| f.write_str(name))?;
        }
        writeln!(f)?;
        let mut result = Ok(());
        self.for_each(&mut |row| {
            if row.depth > 0 && result.is_ok() {
                result = write_row(f, &row, &widths);
            }
        });
        result?;
        write_row(f, &total, &widths)?;
        let Self { flash, inference, training, .. } = self;
        write!(f, "{flash} bytes of weights; {inference} bytes of memory for inference, {training} for training")
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row, widths: &[usize; COLUMNS]) -> fmt::Result {
    for column in 0..COLUMNS {
        pad(f, column, widths, |f| cell(row, column, f))?;
    }
    writeln!(f)
}
