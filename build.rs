//! Detects processors without vectors, and what Arm's have that stable Rust's `cfg(target_feature)` doesn't expose.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(fnn_dsp)");
    println!("cargo::rustc-check-cfg=cfg(fnn_fused)");
    println!("cargo::rustc-check-cfg=cfg(fnn_integer_dot)");
    println!("cargo::rustc-check-cfg=cfg(fnn_without_vectors)");
    println!("cargo::rustc-check-cfg=cfg(fnn_simd128)");
    println!("cargo::rustc-check-cfg=cfg(fnn_thumb1)");
    println!("cargo::rustc-check-cfg=cfg(fnn_vfma)");
    let target = var("TARGET").unwrap_or_default();
    // All cores of the architecture Armv7E-M have it: Cortex-M4 and Cortex-M7.
    let always = target.starts_with("thumbv7em");
    // Those with floating point have the multiply-add, as do those of Armv8-M.
    let vfma = (always || target.starts_with("thumbv8m.main")) && target.ends_with("eabihf");
    let features = var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let architecture = var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let has = |wanted: &str| features.split(',').any(|feature| feature == wanted);
    let vectors = has("neon") || has("v");
    if !vectors && ["arm", "riscv32", "riscv64"].contains(&&*architecture) {
        println!("cargo::rustc-cfg=fnn_without_vectors");
    }
    // Those that have, or may have, vectors for sums of products of 8-bit integers.
    let dots = architecture == "x86_64" || architecture == "aarch64" && has("neon");
    if dots && var("CARGO_FEATURE_SIMD").is_ok() {
        println!("cargo::rustc-cfg=fnn_integer_dot");
    }
    // Processors that aren't microcontrollers have it, too, but may run another instruction set than Thumb.
    if always || architecture == "arm" && has("dsp") && has("mclass") {
        println!("cargo::rustc-cfg=fnn_dsp");
    }
    // Cortex-M0, M0+ and M1.
    if target.starts_with("thumbv6m") {
        println!("cargo::rustc-cfg=fnn_thumb1");
    }
    if vfma {
        println!("cargo::rustc-cfg=fnn_vfma");
    }
    // On request, plain loops round multiply-adds once, as vectors do.
    let fused = var("CARGO_FEATURE_FUSED").is_ok();
    if fused {
        println!("cargo::rustc-cfg=fnn_fused");
    }
    // Vectors of WebAssembly round them twice.
    if has("simd128") && var("CARGO_FEATURE_SIMD").is_ok() && !fused {
        println!("cargo::rustc-cfg=fnn_simd128");
    }
}
