//! Writes the header of the library in the folder above: `fnn-c-header FILE`.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: fnn-c-header FILE")?;
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    let config = cbindgen::Config::from_file(library.join("cbindgen.toml"))?;
    cbindgen::Builder::new().with_config(config).with_src(library.join("src/lib.rs")).generate()?.write_to_file(file);
    Ok(())
}
