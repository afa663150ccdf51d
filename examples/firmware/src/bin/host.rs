//! What the device prints, computed here, with plain loops as there.

fn main() -> std::fmt::Result {
    let mut out = String::new();
    fnn_firmware::digits::report(&mut out)?;
    fnn_firmware::learning::report(&mut out)?;
    let mut memory = Box::<fnn_firmware::tuning::Memory>::default();
    fnn_firmware::tuning::report(&mut out, &mut fnn_firmware::tuning::network(), &mut memory)?;
    print!("{out}");
    Ok(())
}
