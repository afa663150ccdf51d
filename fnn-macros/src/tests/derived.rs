#[automatically_derived]
unsafe impl<const N: usize, S: Scalar> ::fnn::Parameters for Affine<N, S> {
    type Scalar = S;
    const LAYOUT: ::fnn::Layout = ::fnn::Layout::Parts(const {
        &[
            ::fnn::Part::new("gain", <[S; N] as ::fnn::__private::Weights<S>>::LAYOUT),
            ::fnn::Part::new(
                "in",
                <Dense<N, 1, S> as ::fnn::__private::Weights<S>>::LAYOUT,
            ),
        ]
    });
    fn roles(start: ::core::primitive::usize, visitor: &mut impl ::fnn::Roles) {
        let start = <[S; N] as ::fnn::__private::Weights<S>>::roles(start, visitor);
        let start = <Dense<
            N,
            1,
            S,
        > as ::fnn::__private::Weights<S>>::roles(start, visitor);
        let _ = (start, visitor);
    }
    fn absorb(&mut self, gradient: &Self) {
        let _ = gradient;
        <[S; N] as ::fnn::__private::Weights<S>>::absorb(&mut self.gain, &gradient.gain);
        <Dense<
            N,
            1,
            S,
        > as ::fnn::__private::Weights<S>>::absorb(&mut self.r#in, &gradient.r#in);
    }
}
