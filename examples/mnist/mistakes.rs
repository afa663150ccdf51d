//! Prints the worst misclassifications as text.

use fnn::DataSet;
use fnn::metrics::highest;

/// Pictures per row.
const COLUMNS: usize = 3;

/// A misclassified picture.
struct Mistake<'a> {
    pixels: &'a [f32; 784],
    target: usize,
    answer: usize,
    /// The probability of the answer according to the network, from 0 to 1.
    confidence: f32,
}

/// Print the `count` mistakes with the highest confidence.
pub(crate) fn print(count: usize, data: &DataSet<[f32; 784], usize>, scores: &[[f32; 10]]) {
    let pairs = data.inputs().iter().zip(data.targets()).zip(scores);
    let mut mistakes: Vec<Mistake<'_>> = pairs
        .filter_map(|((pixels, &target), scores)| {
            let answer = highest(scores)?;
            // The softmax of the highest score.
            let confidence = 1.0 / scores.iter().map(|score| (score - scores[answer]).exp()).sum::<f32>();
            Some(Mistake { pixels, target, answer, confidence })
        })
        .filter(|mistake| mistake.answer != mistake.target)
        .collect();
    mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
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
