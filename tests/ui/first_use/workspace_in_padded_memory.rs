fn main() {
    // The three bytes behind the `u8` are anything.
    let mut memory = (1_u32, 2_u8);
    let bytes: &mut [u8; 8] = fnn::macro_support::workspace(&mut memory);
    println!("{bytes:?}");
}
