//! Detects processors without vectors, and Arm's DSP extension, which stable Rust's `cfg(target_feature)` doesn't expose.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(fnn_dsp)");
    println!("cargo::rustc-check-cfg=cfg(fnn_without_vectors)");
    // All cores of the architecture Armv7E-M have it: Cortex-M4 and Cortex-M7.
    let always = var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em"));
    let features = var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let architecture = var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let arm = architecture == "arm";
    let vectors = features.split(',').any(|feature| ["neon", "v"].contains(&feature));
    if !vectors && ["arm", "riscv32", "riscv64"].contains(&&*architecture) {
        println!("cargo::rustc-cfg=fnn_without_vectors");
    }
    if always || arm && features.split(',').any(|feature| feature == "dsp") {
        println!("cargo::rustc-cfg=fnn_dsp");
    }
}
