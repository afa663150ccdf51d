//! A network in a task: another task feeds it, and it learns while it runs. The network and its memory are in statics, which are
//! zero when the program starts, so that they take no flash and no stack.
//!
//! `cargo run --release` starts it in QEMU. On a board, embassy's crate for the chip brings the sensor, the clock and a better
//! output.

#![no_std]
#![no_main]

use cortex_m_semihosting::{debug, hprintln};
use embassy_executor::Spawner;
use embassy_futures::yield_now;
use embassy_sync::blocking_mutex::raw::ThreadModeRawMutex;
use embassy_sync::channel::Channel;
use fnn::metrics::highest;
use fnn::prelude::*;
use static_cell::ConstStaticCell;

fnn::network! {
    /// Classifies four measurements into three classes.
    #[budget(flash = 2 KiB, ram = 128 B, ram_training_in_place = 4 KiB)]
    struct Flowers: [4] -> [3] {
        first: Dense(16),
        Relu,
        second: Dense(16),
        Relu,
        scores: Dense(3),
    }
}

/// A measured flower, and its class, if somebody has named it.
struct Flower {
    measurements: [f32; 4],
    class: Option<usize>,
}

static NETWORK: ConstStaticCell<Flowers> = ConstStaticCell::new(Flowers::zeroed());
/// For one sample at a time, with momentum, which takes one slot.
static MEMORY: ConstStaticCell<InPlaceBuffers<Flowers, 1, 1>> = ConstStaticCell::new(InPlaceBuffers::new());
/// Measured, but not classified yet.
static FLOWERS: Channel<ThreadModeRawMutex, Flower, 4> = Channel::new();

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let network = NETWORK.take();
    network.reseed(1);
    spawner.must_spawn(classify(network, MEMORY.take()));
    spawner.must_spawn(measure());
}

/// Stands for a sensor: flowers around the mean of their class. Somebody names the first 300.
#[embassy_executor::task]
async fn measure() {
    const MEANS: [[f32; 4]; 3] = [[-1.0, 1.0, -1.3, -1.3], [0.1, -0.7, 0.3, 0.2], [0.9, 0.0, 1.0, 1.1]];
    let mut random = Random::new(7);
    for (number, (class, mean)) in (0..).zip(MEANS.into_iter().enumerate().cycle()) {
        let measurements = mean.map(|mean| mean + 0.35 * random.normal() as f32);
        FLOWERS.send(Flower { measurements, class: (number < 300).then_some(class) }).await;
    }
}

/// Learns from flowers with a name, and names the others.
#[embassy_executor::task]
async fn classify(network: &'static mut Flowers, memory: &'static mut InPlaceBuffers<Flowers, 1, 1>) {
    let optimizer = Sgd::new(0.005).momentum(0.9);
    let mut counts = [0; 3];
    for _ in 0..360 {
        let Flower { measurements, class } = FLOWERS.receive().await;
        if let Some(class) = class {
            memory.train(network, &CrossEntropy, &optimizer, &[measurements], &[class]);
            // A step takes some thousand instructions; whoever feeds the watchdog has its turn after each.
            yield_now().await;
        } else if let Some(count) = highest(&network.forward(&measurements)).and_then(|class| counts.get_mut(class)) {
            *count += 1;
        }
    }
    hprintln!("after {} steps, the next 60 flowers are of the classes {:?}", memory.steps(), counts);
    debug::exit(if counts.iter().all(|count| (18..=22).contains(count)) {
        debug::EXIT_SUCCESS
    } else {
        debug::EXIT_FAILURE
    });
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
