//! Imports the reference models of MLPerf Tiny: `reference FOLDER` writes their declarations and integers to
//! `weights/reference`. The folder, or one inside it, has their `.tflite` files: `benchmark/training` of
//! <https://github.com/mlcommons/tiny>.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use fnn_convert::{Model, Options};

/// The name of each network, and its file.
const MODELS: [(&str, &str); 5] = [
    ("DsCnn", "kws_ref_model.tflite"),
    ("ResNet8", "pretrainedResnet_quant.tflite"),
    ("MobileNet", "vww_96_int8.tflite"),
    ("AutoEncoder", "ad01_int8.tflite"),
    ("WakeWord", "str_ww_ref_model.tflite"),
];

/// The file of this name in a folder, or in one inside it.
fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>, String> {
    let file = folder.join(name);
    if file.is_file() {
        return Ok(Some(file));
    }
    let fault = |error: io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if entry.file_type().map_err(fault)?.is_dir()
            && let Some(file) = find(&entry.path(), name)?
        {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn main() -> Result<(), Box<dyn Error>> {
    let models = env::args_os().nth(1).ok_or("which folder has the .tflite files?")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/reference");
    for (name, file) in MODELS {
        let path = find(models.as_ref(), file)?.ok_or_else(|| format!("{} has no {file}", models.display()))?;
        Model::read(path, &Options::default())?.declare(name)?.write(&folder)?;
    }
    Ok(())
}
