//! The command `fnn-convert`.

use std::path::PathBuf;
use std::process::ExitCode;

use fnn_convert::{Error, Model, Options, StateDict};
use lexopt::prelude::*;

const HELP: &str = "\
Converts models to networks of the crate `fnn-typed`.

    fnn-convert MODEL                          tell what is in it, layer by layer
    fnn-convert MODEL --name Digits --out src  write src/digits.rs and src/digits.safetensors, and of an int8
                                               model src/digits.int8

MODEL is an ONNX or TensorFlow Lite file. Of a state_dict of PyTorch (.safetensors), the layers are told that its
tensors belong to; it doesn't say how they are connected.

    --name NAME        the name of the network
    --out FOLDER       where to write it; by default the current folder
    --input 3,32,32    the shape of one sample, if an ONNX model leaves it open
    --embed            add a static with the weights
    --quantizable      declare it as #[quantizable]
    --fold             fold batch norms into the layers before them
    --no-batch         the first axis of an ONNX model's input isn't the batch
";

/// What the command line asks for.
#[derive(Debug)]
struct Arguments {
    model: PathBuf,
    name: Option<String>,
    out: PathBuf,
    quantizable: bool,
    embed: bool,
    options: Options,
}

fn main() -> ExitCode {
    match arguments() {
        Ok(Some(arguments)) => match run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// The arguments, or `None` for the help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut model, mut name, mut out, mut options) = (None, None, PathBuf::from("."), Options::default());
    let (mut quantizable, mut embed) = (false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("name") => name = Some(parser.value()?.string()?),
            Long("out") => out = parser.value()?.into(),
            Long("input") => {
                let sizes = parser.value()?.string()?;
                let sizes: Result<Vec<usize>, _> = sizes.split(',').map(|size| size.trim().parse()).collect();
                options.input_shape = Some(sizes.map_err(|_| "--input takes sizes, such as 3,32,32")?);
            }
            Long("embed") => embed = true,
            Long("quantizable") => quantizable = true,
            Long("fold") => options.fold_batch_norm = true,
            Long("no-batch") => options.batch = false,
            Long("help") | Short('h') => return Ok(None),
            Value(path) if model.is_none() => model = Some(path.into()),
            other => return Err(other.unexpected()),
        }
    }
    let model = model.ok_or("which model?")?;
    Ok(Some(Arguments { model, name, out, quantizable, embed, options }))
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.model.extension().is_some_and(|extension| extension == "safetensors") && arguments.name.is_none() {
        print!("{}", StateDict::read(&arguments.model)?.report());
        return Ok(());
    }
    let model = Model::read(&arguments.model, &arguments.options)?;
    let declaration = model.declare(arguments.name.as_deref().unwrap_or("Model"))?;
    let declaration = if arguments.quantizable { declaration.quantizable() } else { declaration };
    let declaration = if arguments.embed { declaration.embedded() } else { declaration };
    print!("{}", declaration.report());
    if arguments.name.is_some() {
        for path in declaration.write(&arguments.out)? {
            println!("wrote {}", path.display());
        }
    }
    Ok(())
}
