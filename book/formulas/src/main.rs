//! A preprocessor of mdBook: `$…$` and `$$…$$` become MathML.
//!
//! Reads the book as JSON from standard input and writes it to standard output, as
//! <https://rust-lang.github.io/mdBook/for_developers/preprocessors.html> describes. With the arguments `supports RENDERER` it says
//! whether it is of use: for HTML only.

mod formula;

use std::error::Error;
use std::process::ExitCode;
use std::{env, io};

use serde_json::Value;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let result = match (arguments.next().as_deref(), arguments.next()) {
        (Some("supports"), renderer) => return ExitCode::from(u8::from(renderer.as_deref() != Some("html"))),
        _ => run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("formulas: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (_context, mut book): (Value, Value) = serde_json::from_reader(io::stdin())?;
    chapters(&mut book)?;
    serde_json::to_writer(io::stdout(), &book)?;
    Ok(())
}

/// Replace the formulas in each chapter, wherever it is in the book.
fn chapters(value: &mut Value) -> Result<(), Box<dyn Error>> {
    match value {
        Value::Object(fields) => {
            let name = fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "content" => {
                        *text = formula::replace(text).map_err(|error| format!("chapter “{name}”: {error}"))?;
                    }
                    _ => chapters(value)?,
                }
            }
        }
        Value::Array(items) => items.iter_mut().try_for_each(chapters)?,
        _ => {}
    }
    Ok(())
}
