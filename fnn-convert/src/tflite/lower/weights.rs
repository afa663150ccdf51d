//! Layers with weights.

use super::{Held, Lowering, Source, Stop, Type, operators, sample};
use crate::graph::{Operator, Window};
use crate::tensor::indices::{of_transposed, to_back, transpose};
use crate::tensor::{Numbers, Tensor};

impl Lowering<'_> {
    /// A convolution; of a depthwise one, every channel is a group.
    pub(super) fn convolution(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let held = self.input(source, 0)?;
        let held = self.with_place(source, held)?;
        let options = source.options.ok_or("it has no options")?;
        let depthwise = source.code == operators::DEPTHWISE_CONV_2D;
        // The fields behind the strides, of both kinds.
        let (fused, dilations) = if depthwise { (4, [6, 5]) } else { (3, [5, 4]) };
        let weight = self.weight(source)?;
        let &[outer, rows, columns, inner] = &weight.shape[..] else {
            return Err(format!("its weight is {:?}", weight.shape).into());
        };
        let channels = self.graph.shape(held.value)[0];
        let (weight, groups, each) = if depthwise {
            if outer != 1 {
                return Err(format!("its weight is {:?}", weight.shape).into());
            }
            (transpose(&weight, &[3, 0, 1, 2]), channels, 1)
        } else {
            let groups = channels.checked_div(inner).filter(|groups| groups * inner == channels);
            let groups = groups.ok_or_else(|| format!("its weight takes {inner} of {channels} channels"))?;
            (transpose(&weight, &[0, 3, 1, 2]), groups, inner)
        };
        let strides = [options.integer(2, 0)?, options.integer(1, 0)?];
        let dilations = [options.integer(dilations[0], 1)?, options.integer(dilations[1], 1)?];
        let windows = self.windows(&held, options.byte(0)?, [rows, columns], strides, dilations)?;
        let outputs = weight.shape[0];
        let kernel = windows.iter().map(|window| window.kernel);
        let shape: Vec<usize> = [outputs, each].into_iter().chain(kernel).collect();
        let weight = Tensor { shape, ..weight };
        let bias = self.bias(source)?;
        let operator = Operator::Conv { weight, bias, windows, groups };
        self.finish(source, operator, &[held.value], held.axes, options.byte(fused)?)
    }

    /// A dense layer. It takes samples of any shape as a row of numbers.
    pub(super) fn dense(&mut self, source: &Source<'_>) -> Result<Held, Stop> {
        let input = source.inputs.first().copied().flatten().ok_or("it has no input")?;
        let held = self.in_any_order(input)?;
        let options = source.options.ok_or("it has no options")?;
        if options.byte(1)? != 0 {
            return Err("its weights are shuffled".into());
        }
        let weight = self.weight(source)?;
        let &[_, inputs] = &weight.shape[..] else { return Err(format!("its weight is {:?}", weight.shape).into()) };
        if sample(&self.model.tensors[source.outputs[0]])?.len() != 1 {
            return Err("it is applied to rows of an image one by one".into());
        }
        let held = self.in_shape(source, held, &[inputs])?;
        let weight = match &held.flattened {
            Some(shape) => of_transposed(&weight, shape, &to_back(&[0], shape.len())),
            None => weight,
        };
        let operator = Operator::Dense { weight, bias: self.bias(source)? };
        self.finish(source, operator, &[held.value], held.axes, options.byte(0)?)
    }

    /// The window along each axis of an image or a sequence.
    pub(super) fn windows(
        &self,
        held: &Held,
        padding: u8,
        kernel: [usize; 2],
        strides: [i32; 2],
        dilations: [i32; 2],
    ) -> Result<Vec<Window>, Stop> {
        let &[rows, columns, Some(0)] = &held.axes[..] else {
            return Err("its input isn't an image of rows, columns and channels".into());
        };
        let shape = self.graph.shape(held.value);
        let mut windows = Vec::new();
        for (number, axis) in [rows, columns].into_iter().enumerate() {
            let positive = |number: i32| usize::try_from(number).ok().filter(|&number| number > 0);
            let numbers = positive(strides[number]).zip(positive(dilations[number]));
            let (stride, dilation) = numbers.ok_or("its stride or dilation is below 1")?;
            let mut window = Window { kernel: kernel[number], stride, dilation, padding: (0, 0) };
            let Some(axis) = axis else {
                if window.kernel != 1 {
                    return Err("it has several rows, but its input is a sequence".into());
                }
                continue;
            };
            if padding == 0 {
                window.padding = window.same(shape[axis]).ok_or("its window is too large")?;
            }
            windows.push(window);
        }
        Ok(windows)
    }

    /// The weight: as integers in an int8 model; in another one dequantized.
    fn weight(&mut self, source: &Source<'_>) -> Result<Tensor, Stop> {
        let tensor = source.inputs.get(1).copied().flatten().ok_or("it has no weight")?;
        let weight = self.constant(tensor).ok_or("its weight isn't a constant")?;
        let input = source.inputs.first().copied().flatten().ok_or("it has no input")?;
        let in_integers = self.model.tensors[input].kind != Type::F32;
        match (&weight.numbers, in_integers) {
            (Numbers::F32(_), false) => Ok(weight),
            (Numbers::I8(_), true) => match &weight.quantization {
                Some(quantization) if quantization.zero_points.iter().all(|&zero_point| zero_point == 0) => Ok(weight),
                _ => Err("its weight has a zero point other than 0".into()),
            },
            (Numbers::I8(_) | Numbers::U8(_), false) => {
                let note = "Some weights have 8 bits in the file, and are dequantized: TensorFlow Lite quantizes their \
                            layers' inputs at run time, and this network doesn't.";
                if !self.graph.notes.iter().any(|other| other == note) {
                    self.graph.notes.push(note.into());
                }
                let reals = weight.dequantized().ok_or("the type of its weight isn't supported")?;
                Ok(Tensor::reals(&weight.shape, reals))
            }
            _ => Err("the type of its weight doesn't fit that of its input".into()),
        }
    }

    fn bias(&self, source: &Source<'_>) -> Result<Option<Tensor>, Stop> {
        let Some(tensor) = source.inputs.get(2).copied().flatten() else { return Ok(None) };
        let mut bias = self.constant(tensor).ok_or("its bias isn't a constant")?;
        // A bias without a scale has that of the sums.
        if let Numbers::I64(numbers) = &bias.numbers {
            let numbers = numbers.iter().map(|&number| i32::try_from(number)).collect::<Result<_, _>>();
            bias.numbers = Numbers::I32(numbers.map_err(|_| "its bias has more than 32 bits")?);
        }
        match bias.numbers {
            Numbers::F32(_) | Numbers::I32(_) => Ok(Some(bias)),
            _ => Err("the type of its bias isn't supported".into()),
        }
    }
}
