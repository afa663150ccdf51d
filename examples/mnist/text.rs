//! Prints mistakes as text.

use crate::mistakes::Mistake;

/// Pictures per row.
const COLUMNS: usize = 3;

/// Print the first `count` mistakes.
pub(crate) fn print(count: usize, mistakes: &[Mistake<'_>]) {
    println!("the worst of {} mistakes:", mistakes.len());

    for row in mistakes[..count.min(mistakes.len())].chunks(COLUMNS) {
        println!();
        let titles = row.iter().map(|Mistake { target, answer, confidence, .. }| {
            format!("{:<28}", format!("{target}, taken for {answer} ({:.1} %)", 100.0 * confidence))
        });
        print_line(titles);
        for line in 0..14 {
            print_line(row.iter().map(|mistake| draw(mistake.pixels, line)));
        }
    }
    println!();
}

/// Print the parts of a line side by side, unless the line is blank.
fn print_line(parts: impl Iterator<Item = String>) {
    let line = parts.collect::<Vec<_>>().join("  ");
    if !line.trim().is_empty() {
        println!("{}", line.trim_end());
    }
}

/// One line of text of a picture: two rows of its pixels.
fn draw(pixels: &[f32; 784], line: usize) -> String {
    let rows = pixels.as_chunks::<28>().0;
    let (upper, lower) = (&rows[2 * line], &rows[2 * line + 1]);
    let shades = upper.iter().zip(lower).map(|(&upper, &lower)| match (upper > 0.4, lower > 0.4) {
        (false, false) => ' ',
        (true, false) => '▀',
        (false, true) => '▄',
        (true, true) => '█',
    });
    shades.collect()
}
