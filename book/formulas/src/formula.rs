//! Formulas in Markdown.

use pulldown_latex::config::DisplayMode;
use pulldown_latex::{Parser, RenderConfig, Storage, push_mathml};

/// Replace `$…$` and `$$…$$` outside of code and pictures.
pub(crate) fn replace(markdown: &str) -> Result<String, String> {
    let mut text = String::with_capacity(2 * markdown.len());
    let mut rest = markdown;
    while let Some(start) = rest.find(['$', '`', '<']) {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        rest = if rest.starts_with('`') {
            // A run of backticks ends at the next run of the same length.
            let fence = &rest[..rest.len() - rest.trim_start_matches('`').len()];
            let end = rest[fence.len()..].find(fence).map_or(rest.len(), |end| end + 2 * fence.len());
            keep(rest, end, &mut text)
        } else if rest.starts_with("<svg") {
            let end = rest.find("</svg>").unwrap_or(rest.len());
            keep(rest, end, &mut text)
        } else if rest.starts_with('<') {
            keep(rest, 1, &mut text)
        } else {
            let (fence, mode) =
                if rest.starts_with("$$") { ("$$", DisplayMode::Block) } else { ("$", DisplayMode::Inline) };
            let inner = &rest[fence.len()..];
            let end = inner.find(fence).ok_or_else(|| format!("this formula has no end: {}", shortened(inner)))?;
            text.push_str(&mathml(&inner[..end], mode)?);
            &inner[end + fence.len()..]
        };
    }
    text.push_str(rest);
    Ok(text)
}

/// Copy the first bytes as they are; returns the others.
fn keep<'a>(rest: &'a str, end: usize, text: &mut String) -> &'a str {
    text.push_str(&rest[..end]);
    &rest[end..]
}

fn mathml(latex: &str, display_mode: DisplayMode) -> Result<String, String> {
    let storage = Storage::new();
    let events = Parser::new(latex, &storage).collect::<Result<Vec<_>, _>>();
    let events = events.map_err(|error| format!("in the formula {}: {error}", shortened(latex)))?;
    let mut text = String::new();
    let config = RenderConfig { display_mode, ..RenderConfig::default() };
    push_mathml(&mut text, events.into_iter().map(Ok::<_, std::convert::Infallible>), config)
        .map_err(|error| format!("in the formula {}: {error}", shortened(latex)))?;
    // Markdown would end a block of HTML at an empty line.
    Ok(text.replace('\n', ""))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn formulas_become_mathml() {
        let text = replace("The sum $a + b$.").unwrap();
        assert!(text.starts_with("The sum <math") && text.ends_with("</math>."), "{text}");
        assert!(text.contains("<mi>a</mi>") && text.contains("<mo>+</mo>"), "{text}");
        assert!(replace("$$ \\frac{1}{2} $$").unwrap().contains("display=\"block\""));
    }

    #[test]
    fn code_and_pictures_stay_as_they_are() {
        for text in ["`let $x`", "```text\n$ cargo run $\n```", "<svg>\n<text>$1$</text></svg>", "1 < 2"] {
            assert_eq!(replace(text).unwrap(), text);
        }
    }

    #[test]
    fn mistakes_say_where_they_are() {
        assert_eq!(replace("$a + b").unwrap_err(), "this formula has no end: a + b");
        assert!(replace("$\\unknown{2}$").unwrap_err().starts_with("in the formula \\unknown{2}: "));
    }
}
