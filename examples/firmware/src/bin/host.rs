//! Prints what the device prints, computed on the host, without SIMD as on the device.

fn main() -> std::fmt::Result {
    let mut out = String::new();
    fnn_firmware::digits::report(&mut out)?;
    fnn_firmware::learning::report(&mut out)?;
    let mut memory = Box::<fnn_firmware::tuning::Memory>::default();
    fnn_firmware::tuning::report(&mut out, &mut fnn_firmware::tuning::network(), &mut memory)?;
    let mut memory = Box::<fnn_firmware::tuning::MemoryInt8>::default();
    fnn_firmware::tuning::report(&mut out, &mut fnn_firmware::tuning::network_int8(), &mut memory)?;
    print!("{out}");
    Ok(())
}
