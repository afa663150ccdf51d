#[allow(non_snake_case)]
mod __Mistaken_0 {
    ::core::compile_error! {
        "there is no layer `Dens`; did you mean `Dense`?"
    }
    pub(super) type Mistake = __mistake;
}
#[allow(dead_code)]
pub(crate) type Mistaken<S = ::core::primitive::f32> = __Mistaken_0::Mistake;
#[doc(hidden)]
#[allow(non_upper_case_globals)]
const __Mistaken_1: ::core::primitive::usize = SCORES;
const _: () = {
    use ::fnn::macro_support as __fnn;
    __fnn::check_size("logits", "units", __Mistaken_1)
};
const _: () = {
    use ::fnn::macro_support as __fnn;
    __fnn::check_output(
        <[::core::primitive::f32; 3] as ::fnn::macro_support::Sample>::SHAPE,
        <[::core::primitive::f32; __Mistaken_1] as ::fnn::macro_support::Sample>::SHAPE,
    )
};
