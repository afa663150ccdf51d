use fnn::Parameters;
use fnn::weights::Layout;

#[repr(C)]
struct Two([f32; 2]);

// SAFETY: it is two numbers. Its layout, though, is that of one.
unsafe impl Parameters for Two {
    type Scalar = f32;

    const LAYOUT: Layout = f32::LAYOUT;
}

fn main() {
    println!("{:?}", Two([1.0, 2.0]).parameters());
}
