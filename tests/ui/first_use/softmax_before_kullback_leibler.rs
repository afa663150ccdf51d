use fnn::{losses::KullbackLeibler, train::GradientBuffers};

fnn::network! { struct Classifier: [4] -> [3] { Dense(3), Softmax } }

fn main() {
    let mut memory = GradientBuffers::<Classifier, 1>::new();
    let mut gradient = Classifier::zeroed();
    let target = [0.25, 0.25, 0.5];
    memory.gradient(&Classifier::seeded(1), &KullbackLeibler, &[[0.0; 4]], &[target], &mut gradient);
}
