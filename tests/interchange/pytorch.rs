//! Tests against PyTorch itself, if Python has it: `PYTHON=… cargo test --test interchange`, or `python3` if that isn't set.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use fnn::layers::{Layer, Sample, zeroed};
use fnn::{Network, Random};
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::networks::{Cnn, Norms, ResNet, Sequence, Slopes, Square, Tokens};
use super::{Given, deviation};

/// An input number, as stored in files.
trait Stored: Given {
    const DTYPE: Dtype;
    fn drawn(random: &mut Random) -> Self;
    fn bytes(self) -> Vec<u8>;
}

impl Stored for f32 {
    const DTYPE: Dtype = Dtype::F32;
    fn drawn(random: &mut Random) -> Self {
        random.normal() as Self
    }
    fn bytes(self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }
}

/// A token of the vocabulary of [`Tokens`].
impl Stored for u16 {
    const DTYPE: Dtype = Dtype::I64;
    fn drawn(random: &mut Random) -> Self {
        random.below(11) as Self
    }
    fn bytes(self) -> Vec<u8> {
        i64::from(self).to_le_bytes().to_vec()
    }
}

/// Write a network, and its outputs.
fn write<N>(network: &N, name: &str)
where
    N: Layer<Scalar = f32, Input: Sample<Element: Stored>, Output: Sample<Element = f32>>,
{
    network.save(folder().join(format!("{name}.safetensors"))).unwrap();
    let mut random = Random::new(5);
    let mut inputs = [zeroed::<N::Input>(); 4];
    Sample::flat_mut(&mut inputs).iter_mut().for_each(|input| *input = Stored::drawn(&mut random));
    let outputs = network.forward_all(&inputs);
    let shape = |sample: &[usize]| [&[4], sample].concat();
    let x: Vec<_> = Sample::flat(&inputs).iter().flat_map(|&input| input.bytes()).collect();
    let y: Vec<_> = Sample::flat(&outputs).iter().flat_map(|output| output.to_le_bytes()).collect();
    let dtype = <<N::Input as Sample>::Element as Stored>::DTYPE;
    let tensors = [
        ("x", TensorView::new(dtype, shape(N::Input::SHAPE.sizes()), &x).unwrap()),
        ("y", TensorView::new(Dtype::F32, shape(N::Output::SHAPE.sizes()), &y).unwrap()),
    ];
    fs::write(folder().join(format!("{name}.io.safetensors")), serialize(tensors, None).unwrap()).unwrap();
}

/// Read what PyTorch has written, and compare the outputs.
fn read<N>(name: &str)
where
    N: Layer<Scalar = f32, Input: Sample<Element: Given>, Output: Sample<Element = f32>>,
{
    let network = N::load(folder().join(format!("{name}.torch.safetensors"))).unwrap();
    let deviation = deviation(&*network, &folder().join(format!("{name}.torch.io.safetensors")));
    println!("{name}: load takes what PyTorch wrote; outputs deviate by {deviation:.1e} of the largest one");
    assert!(deviation < 1e-5, "{name}: {deviation}");
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pytorch")
}

/// A Python that has PyTorch.
fn python() -> Option<String> {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let has_pytorch = Command::new(&python).args(["-c", "import torch, safetensors.torch"]).output();
    if has_pytorch.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("skipped: {python} has no PyTorch with safetensors");
    None
}

/// Run a command that prints.
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn pytorch_takes_strictly_what_is_saved_and_the_other_way_round() {
    let Some(python) = python() else { return };
    fs::create_dir_all(folder()).unwrap();
    let mut cnn = Cnn::seeded(1);
    cnn.bn1.running_mean = [0.1, -0.2, 0.3, 0.0, 0.5, 1.0];
    cnn.bn1.running_var = [0.5, 2.0, 1.0, 0.25, 3.0, 1.5];
    cnn.bn1.num_batches_tracked = 100.0;
    write(&Square::seeded(1), "square");
    write(&cnn, "cnn");
    write(&ResNet::seeded(1), "res_net");
    write(&Sequence::seeded(1), "sequence");
    write(&Tokens::seeded(1), "tokens");
    write(&Slopes::seeded(1), "slopes");
    write(&Norms::seeded(1), "norms");

    let script = super::path("pytorch.py");
    run(Command::new(python).arg(script).arg(folder()));

    read::<Square>("square");
    read::<Cnn>("cnn");
    read::<ResNet>("res_net");
    read::<Sequence>("sequence");
    read::<Tokens>("tokens");
    read::<Slopes>("slopes");
    read::<Norms>("norms");
}

fnn::network! {
    /// The network of the guide.
    struct GuideCnn: [1, 16, 12] -> [10] {
        conv1: Conv2d(6, kernel = 5),
        bn1: BatchNorm,
        Relu,
        MaxPool2d(2),
        Flatten,
        fc: Dense(10),
    }
}

/// The first Python block on a page.
fn python_of(page: &str) -> &str {
    let (_, rest) = page.split_once("```python\n").expect("a block of Python");
    rest.split_once("```").expect("its end").0
}

#[test]
fn the_python_of_the_guides_runs() {
    let Some(python) = python() else { return };
    let folder = folder().join("guide");
    fs::create_dir_all(&folder).unwrap();
    let network = GuideCnn::seeded(1);
    network.save(folder.join("cnn.safetensors")).unwrap();
    let outputs = network.forward(&[[[0.5; 12]; 16]]);
    let script = format!(
        "{}\ny = model(torch.full((1, 1, 16, 12), 0.5))\nassert (y - torch.tensor({outputs:?})).abs().max() < 1e-5\n",
        python_of(include_str!("../../src/guide/to_pytorch.md"))
    );
    run(Command::new(&python).current_dir(&folder).args(["-c", &script]));

    let script = format!(
        "import torch\nfrom torch import nn\n\
         class Tokens(nn.Module):\n    \
             def __init__(self):\n        \
                 super().__init__()\n        \
                 self.emb, self.hidden, self.scores = nn.Embedding(11, 5), nn.Linear(20, 8), nn.Linear(8, 3)\n\
         model = Tokens()\n{}",
        python_of(include_str!("../../src/guide/from_pytorch.md"))
    );
    run(Command::new(&python).current_dir(&folder).args(["-c", &script]));
    Tokens::load(folder.join("tokens.safetensors")).unwrap();
}
