//! Networks that read digits: one that the example `mnist` has trained, in float and in int8, and one that learns in the page.

use std::cell::RefCell;

use fnn::losses::CrossEntropy;
use fnn::optimizers::{Momentum, Optimizer, Sgd, State};
use fnn::train::GradientBuffers;
use fnn::{Quantized, Random};

use crate::exchange::put_numbers;

fnn::network! {
    /// Takes a 28×28 grayscale digit and returns ten class scores: the network of the example `mnist`.
    #[quantizable]
    pub struct Digits: [784] -> [10] {
        hidden: Dense(128),
        Relu,
        logits: Dense(10),
    }
}

fnn::network! {
    /// A smaller one, which learns in the page.
    pub struct Pupil: [784] -> [10] {
        hidden: Dense(32),
        Relu,
        logits: Dense(10),
    }
}

/// With the weights that `cargo run --release --example mnist -- --save …` has written.
static TRAINED: Digits = fnn::include_network!("../../firmware/weights/digits.safetensors" as Digits);

/// Samples per step, and how many of the first samples calibrate int8.
const BATCH: usize = 32;
const CALIBRATION: usize = 500;
/// Of all samples, one in this many is only for testing.
const TEST: usize = 5;

type Picture = [f32; 784];

/// What the page shows.
struct Reader {
    pictures: Vec<Picture>,
    classes: Vec<usize>,
    int8: Option<Box<Quantized<Digits>>>,
    pupil: Box<Pupil>,
    gradient: Box<Pupil>,
    buffers: Box<GradientBuffers<Pupil, BATCH>>,
    optimizer: Momentum,
    state: Box<State<Pupil, 1>>,
    random: Random,
    steps: usize,
    /// The picture that the user draws.
    drawing: Box<Picture>,
}

thread_local! {
    static READER: RefCell<Reader> = RefCell::new(Reader {
        pictures: Vec::new(),
        classes: Vec::new(),
        int8: None,
        pupil: Pupil::boxed(1),
        gradient: Pupil::zeroed_box(),
        buffers: GradientBuffers::boxed(),
        optimizer: Sgd::new(0.02).momentum(0.9),
        state: State::boxed(),
        random: Random::new(1),
        steps: 0,
        drawing: Box::new([0.0; 784]),
    });
}

/// Add a digit to learn from: the page sets the pixels of the drawing first.
#[unsafe(no_mangle)]
pub extern "C" fn digits_add(class: usize) {
    READER.with_borrow_mut(|reader| {
        let picture = *reader.drawing;
        reader.pictures.push(picture);
        reader.classes.push(class.min(9));
    });
}

/// Set four neighbouring pixels of the drawing, a byte each, the first one in the lowest byte.
#[unsafe(no_mangle)]
pub extern "C" fn digits_pixels(index: usize, bytes: u32) {
    READER.with_borrow_mut(|reader| {
        for (pixel, byte) in reader.drawing.iter_mut().skip(4 * index).zip(bytes.to_le_bytes()) {
            *pixel = f32::from(byte) / 255.0;
        }
    });
}

/// Put a sample into the drawing; returns its class.
#[unsafe(no_mangle)]
pub extern "C" fn digits_show(index: usize) -> usize {
    READER.with_borrow_mut(|Reader { pictures, classes, drawing, .. }| {
        if let Some(picture) = pictures.get(index) {
            **drawing = *picture;
        }
        classes.get(index).copied().unwrap_or_default()
    })
}

/// The pixels of the drawing.
#[unsafe(no_mangle)]
pub extern "C" fn digits_drawing() -> usize {
    READER.with_borrow(|reader| put_numbers(|numbers| numbers.extend(*reader.drawing)))
}

/// What a network thinks of the drawing, ten probabilities: 0 is the trained one, 1 the same in int8, 2 the one that learns here.
/// Runs it `repeats` times, so that the page can measure how long it takes.
#[unsafe(no_mangle)]
pub extern "C" fn digits_read(network: usize, repeats: usize) -> usize {
    READER.with_borrow_mut(|reader| {
        if network == 1 && reader.int8.is_none() {
            let samples = &reader.pictures[..reader.pictures.len().min(CALIBRATION)];
            reader.int8 = TRAINED.quantize(samples).ok().map(Box::new);
        }
        let mut scores = [0.0; 10];
        for _ in 0..repeats.max(1) {
            let drawing = std::hint::black_box(&*reader.drawing);
            scores = match (network, &reader.int8) {
                (0, _) => TRAINED.forward(drawing),
                (1, Some(int8)) => int8.forward(drawing),
                (1, None) => [0.0; 10],
                _ => reader.pupil.forward(drawing),
            };
            std::hint::black_box(&scores);
        }
        let highest = scores.into_iter().fold(f32::MIN, f32::max);
        let exponentials = scores.map(|score| (score - highest).exp());
        let sum = exponentials.iter().sum::<f32>();
        put_numbers(|numbers| numbers.extend(exponentials.map(|exponential| exponential / sum)))
    })
}

/// Forget what was learned here.
#[unsafe(no_mangle)]
pub extern "C" fn digits_forget(seed: u32) {
    READER.with_borrow_mut(|reader| {
        reader.pupil = Pupil::boxed(seed.into());
        reader.state = State::boxed();
        reader.steps = 0;
    });
}

/// Learn: take steps with random samples. Returns the steps taken in all.
#[unsafe(no_mangle)]
pub extern "C" fn digits_learn(steps: usize) -> usize {
    READER.with_borrow_mut(|reader| {
        let Reader { pictures, classes, pupil, gradient, buffers, optimizer, state, random, .. } = reader;
        if pictures.len() < TEST {
            return 0;
        }
        let (mut inputs, mut targets) = (vec![[0.0; 784]; BATCH], vec![0; BATCH]);
        for _ in 0..steps {
            for (input, target) in inputs.iter_mut().zip(&mut targets) {
                let mut index = 0;
                while index % TEST == 0 {
                    index = (random.uniform() * pictures.len() as f64) as usize;
                }
                (*input, *target) = (pictures[index], classes[index]);
            }
            buffers.gradient(&**pupil, &CrossEntropy, &inputs, &targets, &mut **gradient);
            optimizer.step(&mut **pupil, gradient, state);
        }
        reader.steps += steps;
        reader.steps
    })
}

/// The fraction of right answers of the network that learns here on the digits that it doesn't learn from.
#[unsafe(no_mangle)]
pub extern "C" fn digits_accuracy() -> f32 {
    READER.with_borrow(|Reader { pictures, classes, pupil, .. }| {
        let right =
            |&(picture, &class): &(&Picture, &usize)| fnn::metrics::highest(&pupil.forward(picture)) == Some(class);
        let test = || pictures.iter().zip(classes).step_by(TEST);
        test().filter(right).count() as f32 / test().count().max(1) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_digits_are_read() {
        let bytes = include_bytes!("../../firmware/weights/test.bin");
        for digit in bytes.as_chunks::<785>().0 {
            for (index, bytes) in digit[1..].as_chunks::<4>().0.iter().enumerate() {
                digits_pixels(index, u32::from_le_bytes(*bytes));
            }
            digits_add(digit[0].into());
        }
        let answer = |network: usize| {
            digits_read(network, 1);
            let mut answer = 0;
            put_numbers(|_| ());
            READER.with_borrow(|reader| {
                let scores = match (network, &reader.int8) {
                    (1, Some(int8)) => int8.forward(&reader.drawing),
                    _ => TRAINED.forward(&reader.drawing),
                };
                answer = fnn::metrics::highest(&scores).unwrap_or_default();
            });
            answer
        };
        let right = |network: usize| (0..200).filter(|&index| digits_show(index) == answer(network)).count();
        assert!(right(0) >= 195 && right(1) >= 195);
        digits_learn(400);
        assert!(digits_accuracy() > 0.6, "{}", digits_accuracy());
    }
}
