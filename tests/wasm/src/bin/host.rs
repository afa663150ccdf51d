//! Prints the module's results, computed on the host: a list of names and numbers, as JSON.

fn main() {
    let parts = fnn_wasm::PARTS.map(|(name, part)| format!("[{name:?}, {:?}]", part()));
    println!("[{}]", parts.join(", "));
}
