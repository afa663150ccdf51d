//! Tokens as vectors.

use crate::const_message::ConstMessage;
use crate::graph::{Attribute, Node};
use crate::kernels::{Simd, copy};
use crate::layer::{Gradient, InvalidInput, Layer, Pass, Recorded};
use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::Sample;
use crate::weights::initializer::Initializer;
use crate::weights::layout::{Field, Layout};
use crate::weights::parameters::Parameters;

/// Looks up a vector for each token of a sequence: `y[n] = W[x[n]]`, with tokens `x: [u16; N]`, `W:
/// [VOCABULARY][WIDTH]` and `y: [N][WIDTH]`.
///
/// Backward, `dW[t] = Σ g[n]` over all n whose token is t. A token outside the vocabulary gives a zero vector, and
/// trains nothing: the trainer rejects a data set that has one, naming the sample and the element. Tokens have no
/// gradient, so it must be the first layer of a network.
///
/// Declared as `Embedding(vocabulary, width)`, in a network whose header has the number of tokens: `[32] -> [2]` takes
/// `[u16; 32]`, and a vocabulary of at most 65,536. `VOCABULARY·WIDTH` weights, drawn from the standard normal
/// distribution; no multiply-accumulates. Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", JMLR 3, 2003.
///
/// ```
/// use fnn::{Network, layers::Embedding};
///
/// let embedding = Embedding::<2, 3, 2> { weight: [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]] };
/// assert_eq!(embedding.forward(&[2, 0]), [[4.0, 5.0], [0.0, 1.0]]);
/// assert_eq!(embedding.forward(&[1, 999]), [[2.0, 3.0], [0.0, 0.0]]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Embedding<const N: usize, const VOCABULARY: usize, const WIDTH: usize, S = f32> {
    /// `weight[t]` is the vector of token t.
    pub weight: [[S; WIDTH]; VOCABULARY],
}

// SAFETY: `repr(C)`, and the field is an array of scalars.
unsafe impl<const N: usize, const VOCABULARY: usize, const WIDTH: usize, S: Scalar> Parameters
    for Embedding<N, VOCABULARY, WIDTH, S>
{
    type Scalar = S;

    const LAYOUT: Layout = Layout::Fields(const { &[Field::new("weight", <[[S; WIDTH]; VOCABULARY]>::LAYOUT)] });
}

impl<const N: usize, const VOCABULARY: usize, const WIDTH: usize, S: Scalar> Embedding<N, VOCABULARY, WIDTH, S> {
    /// The input that is expected.
    const TOKEN: &'static ConstMessage = &{
        let mut message = ConstMessage::new();
        message.text("a token below ").number(VOCABULARY);
        message
    };
}

impl<const N: usize, const VOCABULARY: usize, const WIDTH: usize, S: Scalar> Layer
    for Embedding<N, VOCABULARY, WIDTH, S>
{
    type Input = [u16; N];
    type Output = [[S; WIDTH]; N];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Embedding";
    const MACS: u64 = 0;
    const GRAPH: Node =
        Node::layer::<Self>(const { &[Attribute::count("vocabulary", VOCABULARY), Attribute::count("width", WIDTH)] });

    #[inline(always)]
    fn forward_batch<V: Simd, const B: usize>(
        &self,
        _: V,
        inputs: &[[u16; N]],
        outputs: &mut [[[S; WIDTH]; N]],
        (): &mut (),
    ) {
        for (&token, y) in inputs.as_flattened().iter().zip(outputs.as_flattened_mut()) {
            match self.weight.get(usize::from(token)) {
                Some(row) => copy(row, y),
                None => y.fill(S::ZERO),
            }
        }
    }

    #[inline(always)]
    fn backward<V: Simd, const B: usize>(
        &self,
        _: Pass<'_, V>,
        recorded: Recorded<'_, Self, B>,
        output_gradients: &mut [[[S; WIDTH]; N]],
        gradient: Gradient<'_, Self>,
        _: Option<&mut [[u16; N]]>,
        (): &mut (),
    ) {
        let gradient = gradient.accumulator();
        for (&token, g) in recorded.inputs.as_flattened().iter().zip(output_gradients.as_flattened()) {
            if let Some(dw) = gradient.weight.get_mut(usize::from(token)) {
                for (dw, &g) in dw.iter_mut().zip(g) {
                    *dw += g;
                }
            }
        }
    }

    /// Every token is in the vocabulary.
    fn check_input(input: &[u16; N]) -> Result<(), InvalidInput> {
        match input.iter().position(|&token| usize::from(token) >= VOCABULARY) {
            None => Ok(()),
            Some(element) => Err(InvalidInput::new(element, Self::TOKEN.as_str())),
        }
    }

    /// Draws from the standard normal distribution, whatever the initializer: an embedding sums nothing, so it has no
    /// fan-in.
    fn initialize(&mut self, _: Initializer, random: &mut Random) {
        Sample::flat_mut(&mut self.weight).fill_with(|| S::from_f64(random.normal()));
    }
}
