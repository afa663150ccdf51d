//! Prints what the module computes, computed by the host: a list of names and their numbers, in JSON.

fn main() {
    let parts = fnn_wasm::PARTS.map(|(name, part)| format!("[{name:?}, {:?}]", part()));
    println!("[{}]", parts.join(", "));
}
