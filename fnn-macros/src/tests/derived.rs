#[automatically_derived]
unsafe impl<const N: usize, S: Scalar> ::fnn::Parameters for Affine<N, S> {
    type Scalar = S;
    fn visit(&self, name: ::fnn::Name<'_>, visitor: &mut ::fnn::Visitor<'_, S>) {
        let _ = (&name, &visitor);
        <[S; N] as ::fnn::__private::Weights<
            S,
        >>::visit(&self.gain, name.field("gain"), visitor);
        <Dense<
            N,
            1,
            S,
        > as ::fnn::__private::Weights<S>>::visit(&self.r#in, name.field("in"), visitor);
    }
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
