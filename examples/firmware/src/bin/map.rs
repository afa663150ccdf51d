//! Has networks and their memory in statics, uses them, and prints the sizes according to their constants. The linker map has the
//! actual sizes.

#![no_std]
#![no_main]

use core::fmt::{self, Write};
use core::mem::MaybeUninit;

use fnn::{
    Layer, Quantized,
    layers::zeroed,
    losses::CrossEntropy,
    optimizers::{Optimizer, Sgd, State},
    train::{GradientBuffers, InPlaceBuffers},
};
use fnn_firmware::board::{Output, entry, exit};
use fnn_firmware::digits::{DIGITS, FLOWERS, LENET_INT8, READER};
use fnn_firmware::tuning::{self, Memory};
use fnn_firmware::{Digits, Flowers, Head, LeNet};

#[entry]
fn main() -> ! {
    static mut DIGITS_RAM_INFERENCE: <Digits as Layer>::Workspace<1> = zeroed();
    static mut FLOWERS_RAM_TRAINING: MaybeUninit<Training> = MaybeUninit::zeroed();
    static mut FLOWERS_RAM_TRAINING_IN_PLACE: MaybeUninit<(Flowers, InPlaceBuffers<Flowers, 1>)> =
        MaybeUninit::zeroed();
    static mut TUNING_RAM_TRAINING: MaybeUninit<(Head, Memory)> = MaybeUninit::zeroed();

    let mut scores = [[0.0; 10]];
    DIGITS.forward_into::<1>(&[[0.5; 784]], &mut scores, DIGITS_RAM_INFERENCE);

    let Training { network, gradient, memory } = FLOWERS_RAM_TRAINING.write(Training::new());
    let loss = memory.gradient(network, &CrossEntropy, &[[0.5; 4]], &[1], gradient);
    Sgd::new(0.02).step(network, gradient, &mut State::new());

    let (in_place, memory) = FLOWERS_RAM_TRAINING_IN_PLACE.write((Flowers::seeded(1), InPlaceBuffers::new()));
    let loss_in_place = memory.train(in_place, &CrossEntropy, &Sgd::new(0.02), &[[0.5; 4]], &[1]);

    let (head, memory) = TUNING_RAM_TRAINING.write((tuning::network().head, Memory::new()));
    let mut tuned = tuning::Network { frozen: READER.split().0, head: head.clone() };
    memory.train(&mut tuned, &CrossEntropy, &Sgd::new(0.02), &[[0.5; 784]], &[9]);
    *head = tuned.head;

    let same = network.parameters() == in_place.parameters() && loss == loss_in_place;
    let used =
        scores[0][0] + FLOWERS.forward(&[0.5; 4])[0] + f32::from(LENET_INT8.forward_integers(&[[[5; 28]; 28]])[0]);
    let used = used + head.parameters().iter().sum::<f32>();
    exit(same && used.is_finite() && print().is_ok())
}

/// The memory of a training loop.
struct Training {
    network: Flowers,
    gradient: Flowers,
    memory: GradientBuffers<Flowers, 1>,
}

impl Training {
    fn new() -> Self {
        Self { network: Flowers::seeded(1), gradient: Flowers::zeroed(), memory: GradientBuffers::new() }
    }
}

fn print() -> fmt::Result {
    writeln!(Output, "DIGITS {}", Digits::FLASH)?;
    writeln!(Output, "DIGITS_RAM_INFERENCE {}", Digits::RAM_INFERENCE)?;
    writeln!(Output, "FLOWERS {}", Flowers::FLASH)?;
    writeln!(Output, "FLOWERS_RAM_TRAINING {}", Flowers::RAM_TRAINING)?;
    writeln!(Output, "FLOWERS_RAM_TRAINING_IN_PLACE {}", Flowers::RAM_TRAINING_IN_PLACE)?;
    writeln!(Output, "TUNING_RAM_TRAINING {}", tuning::Network::RAM_TRAINING)?;
    writeln!(Output, "LENET_INT8 {}", Quantized::<LeNet>::FLASH)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
