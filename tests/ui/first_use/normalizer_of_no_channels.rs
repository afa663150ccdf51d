fn main() {
    let normalizer = fnn::data::Normalizer::<[f32; 0]>::fit(&[[]]);
    println!("{:?}", normalizer.is_ok());
}
