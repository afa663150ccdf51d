#[automatically_derived]
unsafe impl<const N: usize, S: Scalar> ::fnn::macro_support::Parameters
for Affine<N, S> {
    type Scalar = S;
    const LAYOUT: ::fnn::macro_support::Layout = ::fnn::macro_support::Layout::Fields(const {
        &[
            ::fnn::macro_support::Field::new(
                "gain",
                <[S; N] as ::fnn::macro_support::Weights<S>>::LAYOUT,
            ),
            ::fnn::macro_support::Field::new(
                "in",
                <Dense<N, 1, S> as ::fnn::macro_support::Weights<S>>::LAYOUT,
            ),
        ]
    });
    fn roles(
        start: ::core::primitive::usize,
        visitor: &mut impl ::fnn::macro_support::Roles,
    ) {
        let start = <[S; N] as ::fnn::macro_support::Weights<S>>::roles(start, visitor);
        let start = <Dense<
            N,
            1,
            S,
        > as ::fnn::macro_support::Weights<S>>::roles(start, visitor);
        let _ = (start, visitor);
    }
    fn absorb(&mut self, gradient: &Self) {
        fn __implied<
            S: ::fnn::macro_support::Scalar,
            W: ::fnn::macro_support::Weights<S>,
        >() {
            fn parameters<S, P: ::fnn::macro_support::Parameters<Scalar = S>>() {}
            parameters::<S, W>();
        }
        let _ = gradient;
        <[S; N] as ::fnn::macro_support::Weights<
            S,
        >>::absorb(&mut self.gain, &gradient.gain);
        <Dense<
            N,
            1,
            S,
        > as ::fnn::macro_support::Weights<S>>::absorb(&mut self.r#in, &gradient.r#in);
    }
}
