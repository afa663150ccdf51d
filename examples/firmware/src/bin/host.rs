//! What the device prints, computed here, with plain loops as there.

fn main() -> std::fmt::Result {
    let mut out = String::new();
    fnn_firmware::digits::report(&mut out)?;
    fnn_firmware::learning::report(&mut out)?;
    print!("{out}");
    Ok(())
}
