//! XOR, the smallest problem that needs a hidden layer.

use fnn::{DataSet, Network, Trainer, losses::BinaryCrossEntropy, optimizers::Adam, simd::Real, train::Progress};

fnn::network! {
    /// Takes two bits and returns the logit of "exactly one of them is set".
    #[derive(Debug)]
    pub struct Xor: [2] -> [1] {
        hidden: Dense(4),
        Tanh,
        logit: Dense(1),
    }
}

fnn::network! {
    /// The same without a hidden layer: a linear decision boundary.
    #[derive(Debug)]
    pub struct Line: [2] -> [1] {
        logit: Dense(1),
    }
}

fn main() -> Result<(), fnn::Error> {
    let table = DataSet::from([([0.0, 0.0], [0.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [0.0])]);
    let line = train(Line::seeded(1), &table)?;
    let xor = train(Xor::seeded(1), &table)?;

    println!("   a  b   a xor b   without a hidden layer   with four hidden units");
    for (input, [target]) in table.inputs().iter().zip(table.targets()) {
        let [a, b] = input;
        let (line, xor) = (probability(&*line, input), probability(&*xor, input));
        println!("   {a}  {b}   {target:^7}   {line:^22.3}   {xor:^22.3}");
    }

    // The network's output on the whole square, not only at its corners.
    println!("\nbetween the corners (# is 1, . is 0), from b = 1 above to b = 0 below, a from left to right:");
    for row in 0..=10 {
        let b = 1.0 - row as f32 / 10.0;
        let shades = (0..=30).map(|column| {
            let probability = probability(&*xor, &[column as f32 / 30.0, b]);
            ['.', ':', '-', '=', '+', '*', '%', '#'][(probability * 7.99) as usize]
        });
        println!("   {}", shades.collect::<String>());
    }
    Ok(())
}

/// Full-batch gradient descent on the four rows.
fn train<N>(network: N, table: &DataSet<[f32; 2], [f32; 1]>) -> Result<Box<N>, fnn::Error>
where
    N: Network<Input = [f32; 2], Output = [f32; 1]>,
{
    let trainer = Trainer::new(network, BinaryCrossEntropy, Adam::new(0.05)).full_batch().epochs(500);
    let trained = trainer.progress(Progress::Silent).fit(table)?;
    println!("{}: loss {:.4}", N::KIND, trained.history.epochs.last().map_or(0.0, |epoch| epoch.training.loss));
    Ok(trained.network)
}

/// The predicted probability: the sigmoid of the logit.
fn probability(network: &impl Network<Input = [f32; 2], Output = [f32; 1]>, input: &[f32; 2]) -> f32 {
    let [logit] = network.forward(input);
    logit.sigmoid()
}
