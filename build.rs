//! Detects processors without vectors, and Arm's DSP extension, which stable Rust's `cfg(target_feature)` doesn't expose.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(fnn_dsp)");
    println!("cargo::rustc-check-cfg=cfg(fnn_fused)");
    println!("cargo::rustc-check-cfg=cfg(fnn_without_vectors)");
    // All cores of the architecture Armv7E-M have it: Cortex-M4 and Cortex-M7.
    let always = var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em"));
    let features = var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let architecture = var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let has = |wanted: &str| features.split(',').any(|feature| feature == wanted);
    let vectors = has("neon") || has("v");
    if !vectors && ["arm", "riscv32", "riscv64"].contains(&&*architecture) {
        println!("cargo::rustc-cfg=fnn_without_vectors");
    }
    // Processors that aren't microcontrollers have it, too, but may run another instruction set than Thumb.
    if always || architecture == "arm" && has("dsp") && has("mclass") {
        println!("cargo::rustc-cfg=fnn_dsp");
    }
}
