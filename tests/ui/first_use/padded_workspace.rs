fn main() {
    let mut memory = [0_u32; 2];
    let pair: &mut (u32, u8) = fnn::macro_support::workspace(&mut memory);
    *pair = (1, 2);
    println!("{memory:?}");
}
