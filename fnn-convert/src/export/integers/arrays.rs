//! The arrays of an int8 network, by their names in its file, and what they stand for in real numbers.
//!
//! The arithmetics have arrays of their own: `rounding`, for example, is in layers of `Native` alone.

use std::collections::BTreeMap;

use fnn::quantized::{Numbers, Stored};
use fnn::weights::Name;

/// All arrays. Integers of 32 bits are numbers of 64 exactly.
pub(super) struct Arrays(BTreeMap<String, Vec<f64>>);

/// The integers at which outputs saturate.
#[derive(Clone, Copy)]
pub(super) struct Clip {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// `factor · x + offset`, in integers.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) factor: f64,
    pub(super) offset: f64,
}

/// The sum of integers, each times its factor, and the offset.
pub(super) struct Sum {
    /// Of each branch, of which the last one, in a residual block, is the input.
    pub(super) factors: Vec<f64>,
    pub(super) offset: f64,
    pub(super) clip: Clip,
}

/// The product of two integers without their zero points, times a factor, and a zero point.
pub(super) struct Product {
    pub(super) zero_points: [i32; 2],
    pub(super) factor: f64,
    pub(super) zero_point: i32,
    pub(super) clip: Clip,
}

/// Sums of products with weights, times a factor for each output, and the zero point.
pub(super) struct Filters {
    pub(super) weight: Vec<f64>,
    /// In units of the sums, for inputs whose zero point is 0.
    pub(super) bias: Vec<f64>,
    pub(super) factor: Vec<f64>,
    pub(super) zero_point: i32,
    pub(super) clip: Clip,
}

impl Clip {
    pub(super) const NOT: Self = Self { low: -128.0, high: 127.0 };
}

impl Line {
    pub(super) const IDENTITY: Self = Self { factor: 1.0, offset: 0.0 };

    /// `(factor · x + offset) / 2^shift`, rounded down, of which the offset contains a half.
    fn of(factor: f64, offset: f64, shift: f64) -> Self {
        let point = (-shift).exp2();
        Self { factor: factor * point, offset: offset * point - 0.5 }
    }

    pub(super) fn at(self, integer: i32) -> f64 {
        self.factor * f64::from(integer) + self.offset
    }
}

impl Arrays {
    pub(super) fn of(layers: &impl Stored) -> Self {
        let mut arrays = BTreeMap::new();
        layers.visit(Name::ROOT, &mut |name, numbers| {
            let numbers = match numbers {
                Numbers::I8(numbers) => numbers.iter().map(|&number| number.into()).collect(),
                Numbers::U8(numbers) => numbers.iter().map(|&number| number.into()).collect(),
                Numbers::I32(numbers) => numbers.iter().map(|&number| number.into()).collect(),
                Numbers::U32(numbers) => numbers.iter().map(|&number| number.into()).collect(),
                Numbers::F32(numbers) => numbers.iter().map(|&number| number.into()).collect(),
                _ => Vec::new(),
            };
            arrays.insert(name.to_string(), numbers);
        });
        Self(arrays)
    }

    /// The array `name` of the layer `path`.
    pub(super) fn array(&self, path: &str, name: &str) -> Option<&[f64]> {
        let whole = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        self.0.get(&whole).map(Vec::as_slice)
    }

    /// An array of one number.
    pub(super) fn number(&self, path: &str, name: &str) -> Option<f64> {
        self.array(path, name)?.first().copied()
    }

    /// An integer.
    pub(super) fn integer(&self, path: &str, name: &str) -> Option<i32> {
        self.number(path, name).map(|number| number as i32)
    }

    /// An array that the layer has.
    fn own(&self, path: &str, name: &str) -> &[f64] {
        self.array(path, name).unwrap_or_default()
    }

    fn of_own(&self, path: &str, name: &str) -> f64 {
        self.number(path, name).unwrap_or(0.0)
    }

    /// `mantissa · 2^−shift`
    pub(super) fn factor(&self, path: &str, prefix: &str) -> f64 {
        let of = |name| self.of_own(path, &format!("{prefix}{name}"));
        of("mantissa") * (-of("shift")).exp2()
    }

    /// What an activation clips outputs to.
    pub(super) fn clip(&self, path: &str, prefix: &str) -> Clip {
        let bound = |name| self.number(path, &format!("{prefix}{name}"));
        Clip { low: bound("low").unwrap_or(Clip::NOT.low), high: bound("high").unwrap_or(Clip::NOT.high) }
    }

    /// What a layer computes of each number.
    pub(super) fn line(&self, path: &str, prefix: &str) -> Option<Line> {
        let of = |name| self.number(path, &format!("{prefix}{name}"));
        Some(Line::of(of("factor")?, of("offset")?, of("shift")?))
    }

    /// As [`line`](Self::line), one for each channel.
    pub(super) fn lines(&self, path: &str) -> Vec<Line> {
        let numbers = self.own(path, "factor").iter().zip(self.own(path, "offset")).zip(self.own(path, "shift"));
        numbers.map(|((&factor, &offset), &shift)| Line::of(factor, offset, shift)).collect()
    }

    /// How the outputs of the branches of a concatenation are rescaled.
    pub(super) fn branches(&self, path: &str) -> [Line; 2] {
        ["first_scale.", "second_scale."].map(|prefix| self.line(path, prefix).unwrap_or(Line::IDENTITY))
    }

    /// The sum of these branches: of the first one, and of the others, whose factors are those of a sum in the second branch.
    pub(super) fn sum(&self, path: &str, branches: usize) -> Sum {
        let mut sum = self.sum_of_two(path);
        let mut inside = path.to_string();
        for _ in 2..branches {
            inside.push_str(".second");
            let Sum { factors, offset, .. } = self.sum_of_two(&inside);
            sum.factors.pop();
            sum.factors.extend(factors);
            // Both contain the zero point of the output.
            sum.offset += offset - self.number(&inside, "sum.output.zero_point").unwrap_or(-0.5);
        }
        sum
    }

    fn sum_of_two(&self, path: &str) -> Sum {
        if let Some(shift) = self.number(path, "sum.offset").and_then(|_| self.number(path, "sum.shift")) {
            let of = |name| self.of_own(path, name) * (-shift).exp2();
            let factors = vec![of("sum.inside"), of("sum.around")];
            return Sum { factors, offset: of("sum.offset") - 0.5, clip: Clip::NOT };
        }
        self.exact_sum(path)
    }

    /// A sum whose operands have zero points.
    pub(super) fn exact_sum(&self, path: &str) -> Sum {
        // Operands are shifted left by 20 bits.
        let whole = self.factor(path, "sum.") * 20f64.exp2();
        let factors = ["sum.inside.", "sum.around."].map(|operand| self.factor(path, operand) * whole);
        let zero_points = ["sum.inside.zero_point", "sum.around.zero_point"].map(|name| self.of_own(path, name));
        let terms = factors.iter().zip(zero_points).map(|(factor, zero_point)| factor * zero_point);
        let offset = self.of_own(path, "sum.output.zero_point") - terms.sum::<f64>();
        Sum { factors: factors.to_vec(), offset, clip: self.clip(path, "sum.output.") }
    }

    pub(super) fn product(&self, path: &str) -> Product {
        // Once, or as TensorFlow Lite writes factors.
        let rounding = self.number(path, "product.rounding");
        let more = if rounding.is_some() { 33.0 } else { 0.0 };
        let of = |name: &str| self.of_own(path, name);
        let zero_point = rounding.map_or_else(|| of("product.output.zero_point"), |twice| (twice - 1.0) / 2.0);
        Product {
            zero_points: ["product.first_zero_point", "product.second_zero_point"].map(|name| of(name) as i32),
            factor: of("product.mantissa") * (-of("product.shift") - more).exp2(),
            zero_point: zero_point as i32,
            clip: self.clip(path, "product.output."),
        }
    }

    pub(super) fn filters(&self, path: &str) -> Filters {
        // Once, or as TensorFlow Lite writes factors.
        let rounding = self.number(path, "rounding");
        let more = if rounding.is_some() { 33.0 } else { 0.0 };
        let factors = self.own(path, "mantissa").iter().zip(self.own(path, "shift"));
        let zero_point = rounding.map_or_else(|| self.of_own(path, "output.zero_point"), |twice| (twice - 1.0) / 2.0);
        Filters {
            weight: self.own(path, "weight").to_vec(),
            bias: self.own(path, "bias").to_vec(),
            factor: factors.map(|(&mantissa, &shift)| mantissa * (-shift - more).exp2()).collect(),
            zero_point: zero_point as i32,
            clip: self.clip(path, "output."),
        }
    }

    /// The scale of the scores of a softmax, from its table of exponentials.
    pub(super) fn scale_of_scores(&self, path: &str) -> Option<f64> {
        if let Some(step) = self.number(path, "step").filter(|&step| step >= 4096.0) {
            return Some(step / f64::from(1 << 20));
        }
        let powers = self.array(path, "powers")?;
        let (one, powers) = powers.split_first()?;
        // The most accurate one is near e⁻¹.
        let distance = powers.iter().take_while(|&&power| power * 2.0 > *one).count();
        let power = powers.get(distance).or(powers.last()).filter(|&&power| power > 0.0)?;
        Some((one / power).ln() / (distance.min(powers.len() - 1) + 1) as f64)
    }
}
