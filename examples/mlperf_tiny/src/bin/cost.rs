//! Prints for each network that a feature selects: its parameters and multiply-accumulates, the bytes of its weights and of its
//! working memory, the instructions and the stack of one inference, and a hash of its outputs. Without a feature, an empty
//! program.

#![no_std]
#![no_main]

use fnn_firmware::board::exit;
#[cfg(feature = "reference")]
use fnn_mlperf_tiny::reference;

#[cfg(feature = "cost")]
mod work {
    use core::fmt::Write;
    use core::hint::black_box;
    use core::slice;

    use fnn::layers::Sample;
    use fnn::quantized::{Arithmetic, Native, Quantize, QuantizedLayer, QuantizedNetwork, TfliteReference};
    use fnn::{Layer, Network};
    use fnn_firmware::board::{Cost, Output, measure};

    /// What is known of a network without running it.
    pub struct Facts {
        pub name: &'static str,
        pub parameters: usize,
        pub macs: u64,
    }

    /// Inputs, outputs and working memory.
    pub struct Memory<I, O, W>(pub I, pub O, pub W);

    /// That of an int8 network.
    #[allow(dead_code, reason = "each feature uses its own")]
    pub type Int8<N, A = Native> = Memory<
        <<N as Quantize>::Quantized<A> as QuantizedLayer>::Input,
        <<N as Quantize>::Quantized<A> as QuantizedLayer>::Output,
        <<N as Quantize>::Quantized<A> as QuantizedLayer>::Workspace,
    >;

    /// That of a reference model.
    #[allow(dead_code, reason = "each feature uses its own")]
    pub type Reference<N> = Int8<N, TfliteReference>;

    /// That of a network in `f32`.
    #[allow(dead_code, reason = "each feature uses its own")]
    pub type Float<N> = Memory<[<N as Layer>::Input; 1], [<N as Layer>::Output; 1], <N as Layer>::Workspace<1>>;

    /// Any number of reproducible bytes.
    fn bytes() -> impl Iterator<Item = i8> {
        (0..).map(|number: u32| (number.wrapping_mul(2_654_435_761) >> 13) as i8)
    }

    #[allow(dead_code, reason = "each feature uses its own")]
    pub fn int8<L: QuantizedLayer, A: Arithmetic>(
        facts: &Facts,
        network: &QuantizedNetwork<L, A>,
        memory: &mut Memory<L::Input, L::Output, L::Workspace>,
    ) {
        let Memory(input, output, workspace) = memory;
        for (number, byte) in Sample::flat_mut(slice::from_mut(input)).iter_mut().zip(bytes()) {
            *number = byte;
        }
        let network = black_box(network);
        let cost = measure(&mut || network.forward_integers_into(black_box(input), black_box(output), workspace));
        let outputs = Sample::flat(slice::from_ref(output)).iter().map(|&integer| integer as u8);
        print(facts, cost, (QuantizedNetwork::<L, A>::FLASH, QuantizedNetwork::<L, A>::RAM_INFERENCE), outputs);
    }

    #[allow(dead_code, reason = "each feature uses its own")]
    pub fn float<N: Network<Scalar = f32>>(
        facts: &Facts,
        network: &N,
        memory: &mut Memory<[N::Input; 1], [N::Output; 1], N::Workspace<1>>,
    ) where
        N::Input: Sample<Element = f32>,
        N::Output: Sample<Element = f32>,
    {
        let Memory(input, output, workspace) = memory;
        for (number, byte) in Sample::flat_mut(input).iter_mut().zip(bytes()) {
            *number = f32::from(byte) / 128.0;
        }
        let network = black_box(network);
        let cost = measure(&mut || network.forward_into(black_box(input), black_box(output), workspace));
        let outputs = Sample::flat(output).iter().flat_map(|number| number.to_bits().to_le_bytes());
        print(facts, cost, (N::FLASH, N::RAM_INFERENCE), outputs);
    }

    /// A new frame of a stream, after as many as the network's window has.
    #[cfg(feature = "wake-word-frame-int8")]
    pub fn frame(
        facts: &Facts,
        network: &fnn::Quantized<fnn_mlperf_tiny::WakeWord>,
        stream: &mut fnn::Streaming<fnn::Quantized<fnn_mlperf_tiny::WakeWord>>,
    ) {
        let mut bytes = bytes();
        let mut frames = [[0; 40]; 31];
        for (number, byte) in Sample::flat_mut(&mut frames).iter_mut().zip(&mut bytes) {
            *number = byte;
        }
        let (network, mut answer) = (black_box(network), None);
        let mut cost = Cost { instructions: 0, stack: 0 };
        for frame in &frames {
            cost = measure(&mut || answer = stream.push_integers(network, black_box(frame)));
        }
        let outputs = answer.iter().flatten().map(|&integer| integer as u8);
        print(facts, cost, (fnn::Quantized::<fnn_mlperf_tiny::WakeWord>::FLASH, size_of_val(stream)), outputs);
    }

    fn print(facts: &Facts, cost: Cost, (flash, ram): (usize, usize), outputs: impl Iterator<Item = u8>) {
        // FNV-1a
        let hash = outputs.fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let (Facts { name, parameters, macs }, Cost { instructions, stack }) = (facts, cost);
        let _ = writeln!(Output, "{name} {parameters} {macs} {flash} {ram} {stack} {instructions} {hash:08x}");
    }
}

/// A network's name and its constants.
#[cfg(feature = "cost")]
macro_rules! facts {
    ($name:literal $network:ident) => {
        work::Facts {
            name: $name,
            parameters: <$network as fnn::Parameters>::PARAMETERS,
            macs: <$network as fnn::Layer>::MACS,
        }
    };
}

/// Measures networks, each with a feature of its own, whose weights and memory are statics.
macro_rules! measured {
    ($measure:ident, $memory:ident, $module:ident: $($feature:literal $network:ident $path:literal;)*) => {$(
        #[cfg(feature = $feature)]
        {
            use $module::$network;

            static NETWORK: measured!($memory $network) = measured!($memory $network $path);
            static mut MEMORY: core::mem::MaybeUninit<work::$memory<$network>> = core::mem::MaybeUninit::zeroed();
            // SAFETY: nothing else borrows the memory, and zeros are values of plain old data.
            let facts = facts!($feature $network);
            work::$measure(&facts, &NETWORK, unsafe { (*(&raw mut MEMORY)).assume_init_mut() });
        }
    )*};
    (Int8 $network:ident) => { fnn::Quantized<$network> };
    (Float $network:ident) => { $network };
    (Reference $network:ident) => { fnn::Quantized<$network, fnn::quantized::TfliteReference> };
    (Int8 $network:ident $path:literal) => { fnn::include_quantized!($path as $network) };
    (Float $network:ident $path:literal) => { fnn::include_network!($path as $network) };
    (Reference $network:ident $path:literal) => {
        fnn::include_quantized!($path as $network, fnn::quantized::TfliteReference)
    };
}

#[cfg_attr(target_arch = "arm", fnn_firmware::board::entry)]
#[cfg_attr(target_arch = "riscv32", unsafe(no_mangle))]
fn main() -> ! {
    measured! {
        int8, Int8, fnn_mlperf_tiny:
        "ds-cnn-int8" DsCnn "../../weights/ds-cnn.int8";
        "resnet-8-int8" ResNet8 "../../weights/resnet-8.int8";
        "mobilenet-int8" MobileNet "../../weights/mobilenet.int8";
        "autoencoder-int8" AutoEncoder "../../weights/autoencoder.int8";
        "wake-word-int8" WakeWord "../../weights/wake-word.int8";
        "lenet-int8" LeNet "../../weights/lenet.int8";
        "tails-int8" Tails "../../weights/tails.int8";
    }
    measured! {
        float, Float, fnn_mlperf_tiny:
        "ds-cnn-f32" DsCnn "../../weights/ds-cnn.safetensors";
        "resnet-8-f32" ResNet8 "../../weights/resnet-8.safetensors";
        "tails-f32" Tails "../../weights/tails.safetensors";
    }
    measured! {
        int8, Reference, reference:
        "ds-cnn-reference" DsCnn "../../weights/reference/ds_cnn.int8";
        "resnet-8-reference" ResNet8 "../../weights/reference/res_net8.int8";
        "mobilenet-reference" MobileNet "../../weights/reference/mobile_net.int8";
        "autoencoder-reference" AutoEncoder "../../weights/reference/auto_encoder.int8";
        "wake-word-reference" WakeWord "../../weights/reference/wake_word.int8";
    }
    #[cfg(feature = "wake-word-frame-int8")]
    {
        use fnn::{Quantized, Streaming};
        use fnn_mlperf_tiny::WakeWord;

        static NETWORK: Quantized<WakeWord> = fnn::include_quantized!("../../weights/wake-word.int8" as WakeWord);
        static mut STREAM: Streaming<Quantized<WakeWord>> = Streaming::new();
        // SAFETY: nothing else borrows the stream.
        let mut facts = facts!("wake-word-frame-int8" WakeWord);
        // Of one position of each layer.
        facts.macs = 46_040;
        work::frame(&facts, &NETWORK, unsafe { &mut *(&raw mut STREAM) });
    }
    exit(true)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
