fn main() {
    let mut memory = [(1_u8, 2_u16); 4];
    println!("{:?}", fnn::macro_support::batch::<[u8; 4], 2, _>(&mut memory, 2));
}
