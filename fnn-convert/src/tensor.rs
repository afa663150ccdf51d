//! Constant tensors: weights, and the small tensors that shapes are computed from.

pub(crate) mod bytes;
pub(crate) mod indices;

/// A constant, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its sizes, outermost first; none for a single number.
    pub shape: Vec<usize>,
    /// As many as the product of the sizes.
    pub numbers: Numbers,
    /// What its integers stand for, in a quantized model.
    pub quantization: Option<Quantization>,
}

/// The numbers of a [`Tensor`]. Readers convert those of other types: 16-bit and 64-bit floats to `F32`, truth values and
/// indices to `I64`.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Real numbers.
    F32(Vec<f32>),
    /// Sizes and indices.
    I64(Vec<i64>),
    /// Quantized biases.
    I32(Vec<i32>),
    /// Shifts.
    U32(Vec<u32>),
    /// Quantized weights.
    I8(Vec<i8>),
    /// Quantized weights of other signs.
    U8(Vec<u8>),
}

/// How integers represent real numbers: `scale · (integer − zero_point)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// One, or one for each index along `axis`.
    pub scales: Vec<f32>,
    /// As many as there are scales.
    pub zero_points: Vec<i32>,
    /// The axis along which scales differ.
    pub axis: usize,
}

impl Quantization {
    /// The index of the scale of each element of a tensor of this shape; `None` if it doesn't have the axis.
    pub(crate) fn channels(&self, shape: &[usize]) -> Option<impl Fn(usize) -> usize + use<>> {
        let scales = self.scales.len();
        // Neighbours along the axis are this far apart.
        let distance: usize = match scales {
            1 => 1,
            _ => shape.get(self.axis + 1..)?.iter().product(),
        };
        Some(move |index| index / distance % scales)
    }
}

impl Numbers {
    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::I64(numbers) => numbers.len(),
            Self::I32(numbers) => numbers.len(),
            Self::U32(numbers) => numbers.len(),
            Self::I8(numbers) => numbers.len(),
            Self::U8(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Tensor {
    /// Real numbers of this shape.
    #[must_use]
    pub fn reals(shape: &[usize], numbers: Vec<f32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), numbers.len());
        Self { shape: shape.to_vec(), numbers: Numbers::F32(numbers), quantization: None }
    }

    /// A single real number.
    pub(crate) fn real(number: f32) -> Self {
        Self::reals(&[], vec![number])
    }

    /// Integers of this shape.
    #[must_use]
    pub fn integers(shape: &[usize], numbers: Vec<i64>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), numbers.len());
        Self { shape: shape.to_vec(), numbers: Numbers::I64(numbers), quantization: None }
    }

    /// The real numbers, if it has such.
    #[must_use]
    pub fn as_reals(&self) -> Option<&[f32]> {
        match &self.numbers {
            Numbers::F32(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// The integers of whatever type, if it has such.
    #[must_use]
    pub fn to_integers(&self) -> Option<Vec<i64>> {
        match &self.numbers {
            Numbers::F32(_) => None,
            Numbers::I64(numbers) => Some(numbers.clone()),
            Numbers::I32(numbers) => Some(numbers.iter().map(|&number| number.into()).collect()),
            Numbers::U32(numbers) => Some(numbers.iter().map(|&number| number.into()).collect()),
            Numbers::I8(numbers) => Some(numbers.iter().map(|&number| number.into()).collect()),
            Numbers::U8(numbers) => Some(numbers.iter().map(|&number| number.into()).collect()),
        }
    }

    /// The only number of a tensor of reals.
    #[must_use]
    pub fn as_real(&self) -> Option<f32> {
        match self.as_reals()? {
            [number] => Some(*number),
            _ => None,
        }
    }

    /// The real numbers that it stands for, whatever its type; `None` if a type of its kind has no scale.
    #[must_use]
    pub(crate) fn dequantized(&self) -> Option<Vec<f32>> {
        if let Some(reals) = self.as_reals() {
            return Some(reals.to_vec());
        }
        let (integers, quantization) = (self.to_integers()?, self.quantization.as_ref()?);
        let channel = quantization.channels(&self.shape)?;
        let number = |(index, integer): (usize, i64)| {
            let channel = channel(index);
            quantization.scales[channel] * (integer - i64::from(quantization.zero_points[channel])) as f32
        };
        Some(integers.into_iter().enumerate().map(number).collect())
    }
}
