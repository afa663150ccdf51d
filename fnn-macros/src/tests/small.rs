/// Two inputs, one output.
#[derive()]
///
/// `[1, 2]` → `[1]`
///
/// | layer | kind | output | weights |
/// |---|---|---|---|
/// | `flatten_1` | Flatten | `[2]` |  |
/// | `hidden` | Dense | `[2 * UNITS]` | `2·(2 * UNITS) + 2 * UNITS` |
/// | `relu_1` | Relu | `[2 * UNITS]` |  |
/// | `out` | Dense | `[1]` | `(2 * UNITS)·1` |
#[repr(C)]
pub struct Small<S: ::fnn::macro_support::Scalar = ::core::primitive::f32> {
    /// Flatten, `[1, 2]` → `[2]`.
    pub flatten_1: ::fnn::layers::Flatten<[[S; 2]; 1], { 1 * 2 }>,
    /// The hidden layer.
    ///
    /// Dense, `[2]` → `[2 * UNITS]`.
    pub hidden: ::fnn::layers::Dense<{ 1 * 2 }, { __Small_1 }, S>,
    /// Relu, `[2 * UNITS]` → `[2 * UNITS]`.
    pub relu_1: ::fnn::layers::Activation<
        ::fnn::layers::activation::Relu,
        [S; __Small_1],
    >,
    /// Dense, `[2 * UNITS]` → `[1]`.
    pub out: ::fnn::layers::Dense<{ __Small_1 }, { 1 }, S, ::fnn::layers::NoBias<S>>,
}
#[automatically_derived]
impl<S: ::fnn::macro_support::Scalar> ::core::clone::Clone for Small<S> {
    #[inline]
    fn clone(&self) -> Self {
        ::fnn::macro_support::copy(self)
    }
}
#[automatically_derived]
impl<S: ::fnn::macro_support::Scalar> ::core::fmt::Debug for Small<S> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::fnn::macro_support::debug(self, "Small", f)
    }
}
#[automatically_derived]
unsafe impl<S: ::fnn::macro_support::Scalar> ::fnn::macro_support::Parameters
for Small<S> {
    type Scalar = S;
    const LAYOUT: ::fnn::macro_support::Layout = {
        let _ = (
            <__Small_flatten_1<S> as ::fnn::macro_support::Weights<S>>::MADE,
            <__Small_hidden<S> as ::fnn::macro_support::Weights<S>>::MADE,
            <__Small_relu_1<S> as ::fnn::macro_support::Weights<S>>::MADE,
            <__Small_out<S> as ::fnn::macro_support::Weights<S>>::MADE,
        );
        ::fnn::macro_support::Layout::Fields(const {
            &[
                ::fnn::macro_support::Field::new(
                    "flatten_1",
                    <__Small_flatten_1<S> as ::fnn::macro_support::Weights<S>>::LAYOUT,
                ),
                ::fnn::macro_support::Field::new(
                    "hidden",
                    <__Small_hidden<S> as ::fnn::macro_support::Weights<S>>::LAYOUT,
                ),
                ::fnn::macro_support::Field::new(
                    "relu_1",
                    <__Small_relu_1<S> as ::fnn::macro_support::Weights<S>>::LAYOUT,
                ),
                ::fnn::macro_support::Field::new(
                    "out",
                    <__Small_out<S> as ::fnn::macro_support::Weights<S>>::LAYOUT,
                ),
            ]
        })
    };
    fn roles(
        start: ::core::primitive::usize,
        visitor: &mut impl ::fnn::macro_support::Roles,
    ) {
        let start = <__Small_flatten_1<
            S,
        > as ::fnn::macro_support::Weights<S>>::roles(start, visitor);
        let start = <__Small_hidden<
            S,
        > as ::fnn::macro_support::Weights<S>>::roles(start, visitor);
        let start = <__Small_relu_1<
            S,
        > as ::fnn::macro_support::Weights<S>>::roles(start, visitor);
        let start = <__Small_out<
            S,
        > as ::fnn::macro_support::Weights<S>>::roles(start, visitor);
        let _ = (start, visitor);
    }
    fn absorb(&mut self, gradient: &Self) {
        let _ = gradient;
        <Self as ::fnn::macro_support::Parameters>::made_of(
            &raw const self.flatten_1,
            <__Small_flatten_1<S> as ::fnn::macro_support::Weights<S>>::MADE,
        );
        <Self as ::fnn::macro_support::Parameters>::made_of(
            &raw const self.hidden,
            <__Small_hidden<S> as ::fnn::macro_support::Weights<S>>::MADE,
        );
        <Self as ::fnn::macro_support::Parameters>::made_of(
            &raw const self.relu_1,
            <__Small_relu_1<S> as ::fnn::macro_support::Weights<S>>::MADE,
        );
        <Self as ::fnn::macro_support::Parameters>::made_of(
            &raw const self.out,
            <__Small_out<S> as ::fnn::macro_support::Weights<S>>::MADE,
        );
        <__Small_flatten_1<
            S,
        > as ::fnn::macro_support::Weights<
            S,
        >>::absorb(&mut self.flatten_1, &gradient.flatten_1);
        <__Small_hidden<
            S,
        > as ::fnn::macro_support::Weights<
            S,
        >>::absorb(&mut self.hidden, &gradient.hidden);
        <__Small_relu_1<
            S,
        > as ::fnn::macro_support::Weights<
            S,
        >>::absorb(&mut self.relu_1, &gradient.relu_1);
        <__Small_out<
            S,
        > as ::fnn::macro_support::Weights<S>>::absorb(&mut self.out, &gradient.out);
    }
}
#[automatically_derived]
impl<S: ::fnn::macro_support::Scalar> ::fnn::macro_support::Layer for Small<S> {
    type Input = [[S; 2]; 1];
    type Output = [S; 1];
    type Tape<const __BATCH: ::core::primitive::usize> = (
        [[S; __Small_1]; __BATCH],
        (
            <__Small_hidden<S> as ::fnn::macro_support::Layer>::Tape<{ __BATCH }>,
            <__Small_out<S> as ::fnn::macro_support::Layer>::Tape<{ __BATCH }>,
        ),
    );
    type Workspace<const __BATCH: ::core::primitive::usize> = (
        [[S; __Small_1]; __BATCH],
        (
            (),
            ::fnn::macro_support::Larger<
                <__Small_hidden<
                    S,
                > as ::fnn::macro_support::Layer>::Workspace<{ __BATCH }>,
                <__Small_out<S> as ::fnn::macro_support::Layer>::Workspace<{ __BATCH }>,
            >,
        ),
    );
    type TrainingWorkspace<const __BATCH: ::core::primitive::usize> = (
        [[S; __Small_1]; __BATCH],
        (
            (),
            ::fnn::macro_support::Larger<
                <__Small_hidden<
                    S,
                > as ::fnn::macro_support::Layer>::TrainingWorkspace<{ __BATCH }>,
                <__Small_out<
                    S,
                > as ::fnn::macro_support::Layer>::TrainingWorkspace<{ __BATCH }>,
            >,
        ),
    );
    const KIND: &'static ::core::primitive::str = "Small";
    const MACS: ::core::primitive::u64 = 0
        + <__Small_flatten_1<S> as ::fnn::macro_support::Layer>::MACS
        + <__Small_hidden<S> as ::fnn::macro_support::Layer>::MACS
        + <__Small_relu_1<S> as ::fnn::macro_support::Layer>::MACS
        + <__Small_out<S> as ::fnn::macro_support::Layer>::MACS;
    const SMALLEST_BATCH: ::core::primitive::usize = ::fnn::macro_support::largest(
        &[
            1,
            <__Small_flatten_1<S> as ::fnn::macro_support::Layer>::SMALLEST_BATCH,
            <__Small_hidden<S> as ::fnn::macro_support::Layer>::SMALLEST_BATCH,
            <__Small_relu_1<S> as ::fnn::macro_support::Layer>::SMALLEST_BATCH,
            <__Small_out<S> as ::fnn::macro_support::Layer>::SMALLEST_BATCH,
        ],
    );
    const OUTPUTS: ::fnn::macro_support::OutputKind = ::fnn::macro_support::OutputKind::AsInput
        .then(<__Small_flatten_1<S> as ::fnn::macro_support::Layer>::OUTPUTS)
        .then(<__Small_hidden<S> as ::fnn::macro_support::Layer>::OUTPUTS)
        .then(<__Small_relu_1<S> as ::fnn::macro_support::Layer>::OUTPUTS)
        .then(<__Small_out<S> as ::fnn::macro_support::Layer>::OUTPUTS);
    const GRAPH: ::fnn::macro_support::Node = ::fnn::macro_support::Node::sequence::<
        Self,
    >(const {
        &[
            <__Small_flatten_1<S> as ::fnn::macro_support::Layer>::GRAPH
                .named("flatten_1"),
            <__Small_hidden<S> as ::fnn::macro_support::Layer>::GRAPH.named("hidden"),
            <__Small_relu_1<S> as ::fnn::macro_support::Layer>::GRAPH.named("relu_1"),
            <__Small_out<S> as ::fnn::macro_support::Layer>::GRAPH.named("out"),
        ]
    });
    #[inline(always)]
    fn forward_batch<
        __V: ::fnn::macro_support::Simd,
        const __BATCH: ::core::primitive::usize,
    >(
        &self,
        simd: __V,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        workspace: &mut Self::Workspace<{ __BATCH }>,
    ) {
        let (ping, (pong, scratch)) = workspace;
        let samples = inputs.len();
        let batch_0 = inputs;
        let batch_1 = ::fnn::macro_support::batch::<
            [S; __Small_1],
            { __BATCH },
            _,
        >(ping, samples);
        <__Small_hidden<
            S,
        > as ::fnn::macro_support::Layer>::forward_batch::<
            __V,
            { __BATCH },
        >(
            &self.hidden,
            simd,
            self.flatten_1.view(batch_0),
            &mut *batch_1,
            ::fnn::macro_support::workspace(&mut *scratch),
        );
        ::fnn::layers::Activation::forward_in_place(&self.relu_1, simd, &mut *batch_1);
        let batch_1 = &*batch_1;
        let batch_2 = outputs;
        <__Small_out<
            S,
        > as ::fnn::macro_support::Layer>::forward_batch::<
            __V,
            { __BATCH },
        >(
            &self.out,
            simd,
            batch_1,
            &mut *batch_2,
            ::fnn::macro_support::workspace(&mut *scratch),
        );
        let batch_2 = &*batch_2;
        let _ = (batch_2, samples, ping, pong, scratch);
    }
    #[inline(always)]
    fn forward_train<
        __V: ::fnn::macro_support::Simd,
        const __BATCH: ::core::primitive::usize,
    >(
        &self,
        pass: ::fnn::macro_support::Pass<'_, __V>,
        inputs: &[Self::Input],
        outputs: &mut [Self::Output],
        tape: &mut Self::Tape<{ __BATCH }>,
        workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
    ) {
        let inputs = ::fnn::macro_support::Rows::in_order(inputs);
        ::fnn::macro_support::Layer::forward_rows::<
            __V,
            { __BATCH },
        >(self, pass, inputs, outputs, tape, workspace);
    }
    const READS_ROWS: ::core::primitive::bool = <__Small_hidden<
        S,
    > as ::fnn::macro_support::Layer>::READS_ROWS;
    #[inline(always)]
    fn forward_rows<
        __V: ::fnn::macro_support::Simd,
        const __BATCH: ::core::primitive::usize,
    >(
        &self,
        pass: ::fnn::macro_support::Pass<'_, __V>,
        inputs: ::fnn::macro_support::Rows<'_, Self::Input>,
        outputs: &mut [Self::Output],
        tape: &mut Self::Tape<{ __BATCH }>,
        workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
    ) {
        let (batch_1, (tape_1, tape_2)) = tape;
        let (ping, (pong, scratch)) = workspace;
        let samples = inputs.len();
        let batch_0 = inputs;
        let batch_1 = ::fnn::macro_support::first_mut(batch_1, samples);
        <__Small_hidden<
            S,
        > as ::fnn::macro_support::Layer>::forward_rows::<
            __V,
            { __BATCH },
        >(
            &self.hidden,
            pass.inside(1u64),
            batch_0.map(|set| self.flatten_1.view(set)),
            &mut *batch_1,
            tape_1,
            ::fnn::macro_support::workspace(&mut *scratch),
        );
        ::fnn::layers::Activation::forward_in_place(
            &self.relu_1,
            pass.simd,
            &mut *batch_1,
        );
        let batch_1 = &*batch_1;
        let batch_2 = outputs;
        <__Small_out<
            S,
        > as ::fnn::macro_support::Layer>::forward_train::<
            __V,
            { __BATCH },
        >(
            &self.out,
            pass.inside(3u64),
            batch_1,
            &mut *batch_2,
            tape_2,
            ::fnn::macro_support::workspace(&mut *scratch),
        );
        let batch_2 = &*batch_2;
        let _ = (batch_2, samples, ping, pong, scratch);
    }
    const READS_OUTPUTS: ::core::primitive::bool = <__Small_out<
        S,
    > as ::fnn::macro_support::Layer>::READS_OUTPUTS;
    #[inline(always)]
    fn backward<
        __V: ::fnn::macro_support::Simd,
        const __BATCH: ::core::primitive::usize,
    >(
        &self,
        pass: ::fnn::macro_support::Pass<'_, __V>,
        recorded: ::fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
        output_gradients: &mut [Self::Output],
        gradient: ::fnn::macro_support::Gradient<'_, Self>,
        input_gradients: ::core::option::Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
    ) {
        let backward = ::fnn::macro_support::backward::Store {
            network: self,
            gradient,
        };
        ::fnn::macro_support::backward::Sequence::chain_rule(
            backward,
            pass,
            recorded,
            output_gradients,
            input_gradients,
            workspace,
        );
    }
    #[inline(always)]
    fn backward_deferring<
        __V: ::fnn::macro_support::Simd,
        const __BATCH: ::core::primitive::usize,
    >(
        &self,
        pass: ::fnn::macro_support::Pass<'_, __V>,
        recorded: ::fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
        output_gradients: &mut [Self::Output],
        deferral: ::fnn::macro_support::Deferral<'_, Self::Scalar>,
        input_gradients: ::core::option::Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
    ) {
        let samples = recorded.outputs.len();
        let backward = ::fnn::macro_support::backward::Defer {
            network: self,
            deferral,
            samples,
        };
        ::fnn::macro_support::backward::Sequence::chain_rule(
            backward,
            pass,
            recorded,
            output_gradients,
            input_gradients,
            workspace,
        );
    }
    const ACCUMULATED: ::core::primitive::usize = 0
        + <__Small_flatten_1<S> as ::fnn::macro_support::Layer>::ACCUMULATED
        + <__Small_hidden<S> as ::fnn::macro_support::Layer>::ACCUMULATED
        + <__Small_relu_1<S> as ::fnn::macro_support::Layer>::ACCUMULATED
        + <__Small_out<S> as ::fnn::macro_support::Layer>::ACCUMULATED;
    const RECORDED: ::core::primitive::usize = 0
        + ::fnn::macro_support::recorded::<__Small_hidden<S>, [S; __Small_1]>()
        + <__Small_out<S> as ::fnn::macro_support::Layer>::RECORDED;
    fn parts(
        start: ::core::primitive::usize,
        visitor: &mut impl ::core::ops::FnMut(::fnn::macro_support::Part),
    ) {
        <__Small_flatten_1<
            S,
        > as ::fnn::macro_support::Layer>::parts(
            start + ::fnn::macro_support::start!(Self, flatten_1),
            visitor,
        );
        <__Small_hidden<
            S,
        > as ::fnn::macro_support::Layer>::parts(
            start + ::fnn::macro_support::start!(Self, hidden),
            visitor,
        );
        <__Small_relu_1<
            S,
        > as ::fnn::macro_support::Layer>::parts(
            start + ::fnn::macro_support::start!(Self, relu_1),
            visitor,
        );
        <__Small_out<
            S,
        > as ::fnn::macro_support::Layer>::parts(
            start + ::fnn::macro_support::start!(Self, out),
            visitor,
        );
    }
    fn deferred<'__a, const __BATCH: ::core::primitive::usize>(
        &self,
        rows: ::fnn::macro_support::Rows<'__a, Self::Input>,
        recorded: ::fnn::macro_support::Recorded<'__a, Self, { __BATCH }>,
        output_gradients: &'__a [Self::Output],
        record: &'__a [Self::Scalar],
        start: ::core::primitive::usize,
    ) -> ::core::option::Option<::fnn::macro_support::Factors<'__a, Self::Scalar>> {
        let ::fnn::macro_support::Recorded { inputs, outputs, tape } = recorded;
        let (batch_1, (tape_1, tape_2)) = tape;
        let samples = outputs.len();
        let batch_0 = inputs;
        let batch_1 = ::fnn::macro_support::first(batch_1, samples);
        let batch_2 = outputs;
        let gradient_2 = output_gradients;
        let mut record = ::fnn::macro_support::Record::new(record);
        let gradient_1 = record.outputs::<__Small_hidden<S>, [S; __Small_1]>(samples);
        let own = record.of::<__Small_out<S>>(samples);
        let first = ::fnn::macro_support::start!(Self, out);
        if start >= first {
            let recorded = ::fnn::macro_support::Recorded {
                inputs: batch_1,
                outputs: batch_2,
                tape: tape_2,
            };
            return <__Small_out<
                S,
            > as ::fnn::macro_support::Layer>::deferred::<
                { __BATCH },
            >(
                &self.out,
                ::fnn::macro_support::Rows::in_order(recorded.inputs),
                recorded,
                gradient_2,
                own,
                start - first,
            );
        }
        let own = record.of::<__Small_hidden<S>>(samples);
        let first = ::fnn::macro_support::start!(Self, hidden);
        if start >= first {
            let recorded = ::fnn::macro_support::Recorded {
                inputs: self.flatten_1.view(batch_0),
                outputs: batch_1,
                tape: tape_1,
            };
            return <__Small_hidden<
                S,
            > as ::fnn::macro_support::Layer>::deferred::<
                { __BATCH },
            >(
                &self.hidden,
                rows.map(|set| self.flatten_1.view(set)),
                recorded,
                gradient_1,
                own,
                start - first,
            );
        }
        ::core::option::Option::None
    }
    fn absorb_accumulated(&mut self, accumulated: &[Self::Scalar]) {
        let (own, accumulated) = ::fnn::macro_support::split_numbers(
            accumulated,
            <__Small_flatten_1<S> as ::fnn::macro_support::Layer>::ACCUMULATED,
        );
        <__Small_flatten_1<
            S,
        > as ::fnn::macro_support::Layer>::absorb_accumulated(&mut self.flatten_1, own);
        let (own, accumulated) = ::fnn::macro_support::split_numbers(
            accumulated,
            <__Small_hidden<S> as ::fnn::macro_support::Layer>::ACCUMULATED,
        );
        <__Small_hidden<
            S,
        > as ::fnn::macro_support::Layer>::absorb_accumulated(&mut self.hidden, own);
        let (own, accumulated) = ::fnn::macro_support::split_numbers(
            accumulated,
            <__Small_relu_1<S> as ::fnn::macro_support::Layer>::ACCUMULATED,
        );
        <__Small_relu_1<
            S,
        > as ::fnn::macro_support::Layer>::absorb_accumulated(&mut self.relu_1, own);
        let (own, accumulated) = ::fnn::macro_support::split_numbers(
            accumulated,
            <__Small_out<S> as ::fnn::macro_support::Layer>::ACCUMULATED,
        );
        <__Small_out<
            S,
        > as ::fnn::macro_support::Layer>::absorb_accumulated(&mut self.out, own);
        let _ = accumulated;
    }
    fn check_input(
        input: &Self::Input,
    ) -> ::core::result::Result<(), ::fnn::macro_support::InvalidInput> {
        ::fnn::macro_support::check_view::<__Small_hidden<S>, _>(input)
    }
    fn initialize(
        &mut self,
        _: ::fnn::macro_support::Initializer,
        random: &mut ::fnn::macro_support::Random,
    ) {
        <__Small_flatten_1<
            S,
        > as ::fnn::macro_support::Layer>::initialize(
            &mut self.flatten_1,
            ::fnn::macro_support::Initializer::DEFAULT,
            random,
        );
        <__Small_hidden<
            S,
        > as ::fnn::macro_support::Layer>::initialize(
            &mut self.hidden,
            ::fnn::macro_support::Initializer::BEFORE_RECTIFIER,
            random,
        );
        <__Small_relu_1<
            S,
        > as ::fnn::macro_support::Layer>::initialize(
            &mut self.relu_1,
            ::fnn::macro_support::Initializer::DEFAULT,
            random,
        );
        <__Small_out<
            S,
        > as ::fnn::macro_support::Layer>::initialize(
            &mut self.out,
            ::fnn::macro_support::Initializer::HeUniform,
            random,
        );
    }
}
#[automatically_derived]
impl<S: ::fnn::macro_support::Scalar> ::fnn::macro_support::backward::Sequence
for Small<S> {
    const INLINED: ::core::primitive::bool = true;
    #[inline(always)]
    fn chain_rule<
        __P: ::fnn::macro_support::backward::Backward<Self>,
        __V: ::fnn::macro_support::Simd,
        const __BATCH: ::core::primitive::usize,
    >(
        mut backward: __P,
        pass: ::fnn::macro_support::Pass<'_, __V>,
        recorded: ::fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
        output_gradients: &mut [Self::Output],
        input_gradients: ::core::option::Option<&mut [Self::Input]>,
        workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
    ) {
        let ::fnn::macro_support::Recorded { inputs, outputs, tape } = recorded;
        let (batch_1, (tape_1, tape_2)) = tape;
        let samples = outputs.len();
        let batch_0 = inputs;
        let batch_1 = ::fnn::macro_support::first(batch_1, samples);
        let batch_2 = outputs;
        let (ping, (pong, scratch)) = workspace;
        let gradient_2 = output_gradients;
        let gradient_1 = backward
            .outputs::<__Small_hidden<S>, [S; __Small_1], { __BATCH }, _>(ping, samples);
        backward
            .linear(
                const {
                    ::fnn::macro_support::Place::<
                        Self,
                        __Small_out<S>,
                    >::after(::core::mem::offset_of!(Self, out))
                },
                pass.inside(3u64),
                ::fnn::macro_support::Recorded::<_, { __BATCH }> {
                    inputs: batch_1,
                    outputs: batch_2,
                    tape: tape_2,
                },
                &mut *gradient_2,
                ::core::option::Option::Some(&mut *gradient_1),
                &mut *scratch,
            );
        ::fnn::layers::Activation::backward_in_place(
            &backward.network().relu_1,
            pass.simd,
            batch_1,
            &mut *gradient_1,
        );
        backward
            .linear(
                const {
                    ::fnn::macro_support::Place::<
                        Self,
                        __Small_hidden<S>,
                    >::after(::core::mem::offset_of!(Self, hidden))
                },
                pass.inside(1u64),
                ::fnn::macro_support::Recorded::<_, { __BATCH }> {
                    inputs: backward.network().flatten_1.view(batch_0),
                    outputs: batch_1,
                    tape: tape_1,
                },
                &mut *gradient_1,
                input_gradients
                    .map(|gradients| backward.network().flatten_1.view_mut(gradients)),
                &mut *scratch,
            );
        let _ = (ping, pong, scratch);
    }
}
#[doc(hidden)]
#[allow(non_upper_case_globals)]
const __Small_1: ::core::primitive::usize = 2 * UNITS;
#[doc(hidden)]
#[allow(non_camel_case_types)]
type __Small_flatten_1<S> = ::fnn::layers::Flatten<[[S; 2]; 1], { 1 * 2 }>;
#[doc(hidden)]
#[allow(non_camel_case_types)]
type __Small_hidden<S> = ::fnn::layers::Dense<{ 1 * 2 }, { __Small_1 }, S>;
#[doc(hidden)]
#[allow(non_camel_case_types)]
type __Small_relu_1<S> = ::fnn::layers::Activation<
    ::fnn::layers::activation::Relu,
    [S; __Small_1],
>;
#[doc(hidden)]
#[allow(non_camel_case_types)]
type __Small_out<S> = ::fnn::layers::Dense<
    { __Small_1 },
    { 1 },
    S,
    ::fnn::layers::NoBias<S>,
>;
#[allow(dead_code)]
impl Small<::core::primitive::f32> {
    ::fnn::macro_support::constructors! {}
}
#[allow(dead_code)]
impl<S: ::fnn::macro_support::Scalar> Small<S> {
    /// Runs inference on one sample. Allocates nothing.
    ///
    /// It uses `WORKSPACE` bytes of the stack. If those and the output exceed 512 KiB, it is a compile error:
    /// use `forward_all`, or `forward_into` with your own memory.
    #[inline]
    #[must_use]
    pub fn forward(&self, input: &[[S; 2]; 1]) -> [S; 1] {
        const { ::fnn::macro_support::assert_forward_fits::<Self>() }
        ::fnn::macro_support::forward(self, input)
    }
    ::fnn::macro_support::methods! {
        S, [[S; 2]; 1], [S; 1]
    }
}
#[automatically_derived]
impl<S: ::fnn::macro_support::Scalar> ::fnn::macro_support::TrainInPlace for Small<S> {
    type LayerGradient = ::fnn::macro_support::Either<
        ::fnn::macro_support::RoomFor<__Small_hidden<S>>,
        ::fnn::macro_support::RoomFor<__Small_out<S>>,
    >;
    #[inline(always)]
    fn train_in_place<
        __V: ::fnn::macro_support::Simd,
        __O: ::fnn::macro_support::Optimizer<{ __SLOTS }>,
        const __SLOTS: ::core::primitive::usize,
        const __BATCH: ::core::primitive::usize,
    >(
        &mut self,
        pass: ::fnn::macro_support::Pass<'_, __V>,
        recorded: ::fnn::macro_support::Recorded<'_, Self, { __BATCH }>,
        output_gradients: &mut [Self::Output],
        descent: ::fnn::macro_support::Descent<
            '_,
            __O,
            Self::Scalar,
            Self::LayerGradient,
        >,
        slots: [&mut Self; __SLOTS],
        workspace: &mut Self::TrainingWorkspace<{ __BATCH }>,
    ) {
        let backward = ::fnn::macro_support::backward::Update {
            network: self,
            descent,
            slots,
        };
        ::fnn::macro_support::backward::Sequence::chain_rule(
            backward,
            pass,
            recorded,
            output_gradients,
            ::core::option::Option::None,
            workspace,
        );
    }
}
#[allow(dead_code)]
impl Small<::core::primitive::f32> {
    /// Bytes of RAM for training in place. See `TrainInPlace::RAM_TRAINING_IN_PLACE`.
    pub const RAM_TRAINING_IN_PLACE: ::core::primitive::usize = <Self as ::fnn::macro_support::TrainInPlace>::RAM_TRAINING_IN_PLACE;
}
#[automatically_derived]
impl<S: ::fnn::macro_support::Scalar> ::fnn::macro_support::FoldBatchNorm for Small<S> {
    type Folded = Self;
    fn fold_into(&self, folded: &mut Self::Folded) {
        ::fnn::macro_support::copy_weights(self, folded);
    }
}
const _: () = {
    use ::fnn::macro_support as __fnn;
    __fnn::check_size("hidden", "units", __Small_1)
};
