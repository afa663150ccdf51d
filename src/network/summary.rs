//! The summary of a network: a table of its layers.

use core::fmt::{self, Display, Write};

use crate::graph::Node;
use crate::layer::Layer;
use crate::network::Network;
use crate::shape::Shape;

/// The summary of a network: layers, shapes, weights and cost. Print it with `Display`.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    graph: &'static Node,
    flash: usize,
    inference: usize,
    training: usize,
}

impl Summary {
    /// The summary of a network.
    #[must_use]
    pub fn of<L: Layer>() -> Self {
        Self { graph: L::graph(), flash: L::FLASH, inference: L::RAM_INFERENCE, training: L::RAM_TRAINING }
    }
}

/// A row of the table.
struct Row {
    name: &'static str,
    /// How many nodes enclose it.
    depth: usize,
    kind: &'static str,
    output: Shape,
    parameters: usize,
    macs: u64,
}

impl Row {
    fn of(node: &Node, depth: usize) -> Self {
        let Node { name, kind, output, macs, .. } = *node;
        Self { name, depth, kind, output, parameters: node.parameters(), macs }
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

impl Summary {
    /// Visits the rows: each named node, before those inside it.
    fn for_each(&self, visitor: &mut dyn FnMut(&Row)) {
        self.graph.for_each(&mut |visit| {
            if !visit.node.name.is_empty() {
                visitor(&Row::of(visit.node, visit.depth));
            }
        });
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = HEAD.map(str::len);
        let Self { graph, flash, inference, training } = self;
        let total = Row { name: "total", kind: "", ..Row::of(graph, 1) };
        let mut measure = |row: &Row| {
            for (column, widest) in widths.iter_mut().enumerate() {
                *widest = (*widest).max(width(|f| cell(row, column, f)));
            }
        };
        self.for_each(&mut measure);
        measure(&total);

        writeln!(f, "{}: {} -> {}", graph.kind, graph.input, graph.output)?;
        for (column, name) in HEAD.iter().enumerate() {
            pad(f, column, &widths, |f| f.write_str(name))?;
        }
        writeln!(f)?;
        let mut result = Ok(());
        self.for_each(&mut |row| {
            if result.is_ok() {
                result = write_row(f, row, &widths);
            }
        });
        result?;
        write_row(f, &total, &widths)?;
        write!(f, "{flash} bytes of weights; {inference} bytes of memory for inference, {training} for training")
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row, widths: &[usize; COLUMNS]) -> fmt::Result {
    for column in 0..COLUMNS {
        pad(f, column, widths, |f| cell(row, column, f))?;
    }
    writeln!(f)
}
