//! What is in a model, layer by layer.

use std::fmt::Write as _;

use crate::declaration::{Content, Declaration, Layer};

impl Declaration {
    /// The layers as a table: name, kind, output, number of weights, and the model's operator.
    #[must_use]
    pub fn report(&self) -> String {
        let mut rows = vec![["layer", "kind", "output", "weights", "from"].map(str::to_string)];
        add_rows(&self.layers, 0, &mut rows);
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3].map(width);
        let mut report = String::new();
        for comment in &self.comments {
            let _ = writeln!(report, "{comment}");
        }
        let _ = writeln!(report, "Input {:?}, output {:?}. All of it can be declared:", self.input, self.output);
        for [name, kind, output, weights, from] in &rows {
            let [a, b, c, d] = widths;
            let row = format!("{name:a$}  {kind:b$}  {output:c$}  {weights:>d$}  {from}");
            let _ = writeln!(report, "{}", row.trim_end());
        }
        report
    }
}

fn add_rows(layers: &[Layer], depth: usize, rows: &mut Vec<[String; 5]>) {
    for layer in layers {
        let name = format!("{}{}", "  ".repeat(depth), layer.name.as_deref().unwrap_or(""));
        let output = format!("{:?}", layer.output);
        let (kind, weights) = match &layer.content {
            Content::Kind { written, weights } => {
                let count = weights.iter().map(|(_, weight)| weight.numbers());
                (format!("{}{written}", "  ".repeat(depth)), count.sum::<usize>())
            }
            Content::Block { block, .. } => (format!("{}{}", "  ".repeat(depth), block.name()), 0),
        };
        let weights = if weights == 0 { String::new() } else { weights.to_string() };
        rows.push([name, kind, output, weights, layer.origin.clone()]);
        if let Content::Block { branches, .. } = &layer.content {
            for branch in branches {
                if branches.len() > 1 {
                    let [name, output, weights, from] = [(); 4].map(|()| String::new());
                    rows.push([name, format!("{}branch", "  ".repeat(depth + 1)), output, weights, from]);
                }
                add_rows(branch, depth + 1 + usize::from(branches.len() > 1), rows);
            }
        }
    }
}
