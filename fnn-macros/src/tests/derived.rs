#[automatically_derived]
unsafe impl<const N: usize, S: Scalar> ::fnn::macro_support::Parameters
for Affine<N, S> {
    type Scalar = S;
    const LAYOUT: ::fnn::macro_support::Layout = {
        let _ = (
            <[S; N] as ::fnn::macro_support::Weights<S>>::MADE,
            <Dense<N, 1, S> as ::fnn::macro_support::Weights<S>>::MADE,
        );
        ::fnn::macro_support::Layout::Fields(const {
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
        })
    };
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
        let _ = gradient;
        <Self as ::fnn::macro_support::Parameters>::made_of(
            &raw const self.gain,
            <[S; N] as ::fnn::macro_support::Weights<S>>::MADE,
        );
        <Self as ::fnn::macro_support::Parameters>::made_of(
            &raw const self.r#in,
            <Dense<N, 1, S> as ::fnn::macro_support::Weights<S>>::MADE,
        );
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
