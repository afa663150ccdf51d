use fnn::layers::zeroed;
use fnn::macro_support::{Larger, workspace};

fn main() {
    // 12 bytes of numbers, or 16 bytes of which 9 are numbers: not all 16 are.
    let mut memory = zeroed::<Larger<[u32; 3], (u64, u8)>>();
    let numbers: &mut [u32; 4] = workspace(&mut memory);
    println!("{numbers:?}");
}
