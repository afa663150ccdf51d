//! Detects Arm's DSP extension, which stable Rust's `cfg(target_feature)` doesn't expose.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(fnn_dsp)");
    // All cores of the architecture Armv7E-M have it: Cortex-M4 and Cortex-M7.
    let always = var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em"));
    let features = var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let arm = var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "arm");
    if always || arm && features.split(',').any(|feature| feature == "dsp") {
        println!("cargo::rustc-cfg=fnn_dsp");
    }
}
