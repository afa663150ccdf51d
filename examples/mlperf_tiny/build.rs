//! Tells the linker where to find the memory layouts of the boards.

fn main() {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rustc-link-search={root}/../firmware");
    println!("cargo:rerun-if-changed={root}/../firmware/memory.x");
    println!("cargo:rerun-if-changed={root}/../firmware/virt.x");
}
