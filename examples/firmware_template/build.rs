//! Gives the linker the memory of the board.

use std::env::var;
use std::error::Error;
use std::fs::copy;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=boards");
    if var("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    let chosen = ["qemu", "stm32f4", "nrf52840"]
        .into_iter()
        .find(|board| var(format!("CARGO_FEATURE_{}", board.to_uppercase())).is_ok())
        .ok_or("no board: enable the feature of one")?;
    let out = PathBuf::from(var("OUT_DIR")?);
    copy(format!("boards/{chosen}.x"), out.join("memory.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    Ok(())
}
