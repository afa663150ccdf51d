//! The parts of a network with a mistake are used.

fn main() {
    let network = Gestures::seeded(1);
    let (features, head): (&Features, &Head) = network.split();
    let middle = features.forward(&[0.0; 8]);
    head.forward(&middle);
}

fnn::network! {
    #[split(Features, Head, at = logits)]
    struct Gestures: [8] -> [3] {
        Dense(4),
        Rellu,
        logits: Dense(3),
    }
}
