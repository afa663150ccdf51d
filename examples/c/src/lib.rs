//! A network for programs in C: `include/flowers.h` declares these functions.
//!
//! The header is generated; `./header.sh` updates it.

#![no_std]
#![warn(missing_docs)]

use core::slice;

use fnn::losses::CrossEntropy;
use fnn::metrics::highest;
use fnn::optimizers::Sgd;
use fnn::train::InPlaceBuffers;
use fnn::{Quantized, include_quantized};

fnn::network! {
    /// Classifies four measurements into three classes.
    #[quantizable]
    pub struct Flowers: [4] -> [3] {
        first: Dense(16),
        Relu,
        second: Dense(16),
        Relu,
        scores: Dense(3),
    }
}

/// The number of measurements.
pub const FLOWERS_INPUTS: usize = 4;
/// The number of classes.
pub const FLOWERS_CLASSES: usize = 3;
/// The number of words that a learner takes.
pub const FLOWERS_LEARNER_WORDS: usize = 1152;

/// The trained network in int8, in flash.
static TRAINED: Quantized<Flowers> = include_quantized!("../../firmware/weights/flowers.int8" as Flowers);

/// What became of a file of weights.
#[repr(C)]
pub enum FlowersStatus {
    /// The weights are the file's.
    Loaded = 0,
    /// It isn't a file of this network's weights, and the weights are what they were.
    WrongFile = 1,
}

/// A network that learns, with all the memory that it needs for it. It may lie in a static, on the stack or on the heap; zeros are
/// a valid one.
#[repr(C)]
pub struct FlowersLearner {
    words: [f32; FLOWERS_LEARNER_WORDS],
}

/// What is in a learner.
struct Learner {
    network: Flowers,
    memory: InPlaceBuffers<Flowers, 1, 1>,
}

impl FlowersLearner {
    /// # Safety
    /// The pointer is that of a learner which nothing else uses meanwhile.
    unsafe fn inside<'a>(this: *mut Self) -> &'a mut Learner {
        const {
            assert!(size_of::<Self>() == size_of::<Learner>(), "FLOWERS_LEARNER_WORDS");
            assert!(align_of::<Self>() == align_of::<Learner>(), "a learner is aligned as its numbers");
        }
        // SAFETY: the size and the alignment are the same, any numbers are a learner, and the caller vouches for the rest.
        unsafe { &mut *this.cast() }
    }
}

/// The most likely class of four measurements, by the trained network.
///
/// # Safety
/// `measurements` points to FLOWERS_INPUTS numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flowers_class(measurements: *const f32) -> usize {
    // SAFETY: the caller's promise.
    let measurements = unsafe { &*measurements.cast() };
    highest(&TRAINED.forward(measurements)).unwrap_or(FLOWERS_CLASSES)
}

/// Start to learn from the initial weights of a seed.
///
/// # Safety
/// `learner` points to a learner.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flowers_start(learner: *mut FlowersLearner, seed: u64) {
    // SAFETY: the caller's promise.
    let Learner { network, memory } = unsafe { FlowersLearner::inside(learner) };
    network.reseed(seed);
    memory.set_steps(0);
    memory.slots_mut().iter_mut().for_each(|slot| slot.parameters_mut().fill(0.0));
}

/// Learn from one flower: a step of gradient descent with momentum. Returns the loss before it.
///
/// # Safety
/// `learner` points to a learner, and `measurements` to FLOWERS_INPUTS numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flowers_learn(learner: *mut FlowersLearner, measurements: *const f32, class: usize) -> f32 {
    // SAFETY: the caller's promise.
    let (Learner { network, memory }, measurements) =
        unsafe { (FlowersLearner::inside(learner), &*measurements.cast::<[f32; FLOWERS_INPUTS]>()) };
    let optimizer = Sgd::new(0.005).momentum(0.9);
    memory.train(network, &CrossEntropy, &optimizer, slice::from_ref(measurements), &[class])
}

/// Write the scores of the classes, by what has been learned.
///
/// # Safety
/// `learner` points to a learner, `measurements` to FLOWERS_INPUTS numbers, and `scores` to room for FLOWERS_CLASSES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flowers_scores(learner: *mut FlowersLearner, measurements: *const f32, scores: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe {
        let network = &FlowersLearner::inside(learner).network;
        *scores.cast() = network.forward(&*measurements.cast());
    }
}

/// Replace the weights by those in a safetensors file, for example after an update over the air.
///
/// # Safety
/// `learner` points to a learner, and `file` to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flowers_load(learner: *mut FlowersLearner, file: *const u8, length: usize) -> FlowersStatus {
    // SAFETY: the caller's promise.
    let (network, file) =
        unsafe { (&mut FlowersLearner::inside(learner).network, slice::from_raw_parts(file, length)) };
    match network.read_weights(file) {
        Ok(()) => FlowersStatus::Loaded,
        Err(_) => FlowersStatus::WrongFile,
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
