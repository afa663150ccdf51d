//! What a network that reads digits gets wrong.

use fnn::DataSet;
use fnn::metrics::highest;

/// A misclassified picture.
pub(crate) struct Mistake<'a> {
    pub(crate) pixels: &'a [f32; 784],
    pub(crate) target: usize,
    pub(crate) answer: usize,
    /// The probability of the answer according to the network, from 0 to 1.
    pub(crate) confidence: f32,
}

/// The mistakes in these scores, those with the highest confidence first.
pub(crate) fn worst_first<'a>(data: &'a DataSet<[f32; 784], usize>, scores: &[[f32; 10]]) -> Vec<Mistake<'a>> {
    let pairs = data.inputs().iter().zip(data.targets()).zip(scores);
    let mut mistakes: Vec<Mistake<'_>> = pairs
        .filter_map(|((pixels, &target), scores)| {
            let answer = highest(scores)?;
            // The softmax of the highest score.
            let confidence = 1.0 / scores.iter().map(|score| (score - scores[answer]).exp()).sum::<f32>();
            Some(Mistake { pixels, target, answer, confidence })
        })
        .filter(|mistake| mistake.answer != mistake.target)
        .collect();
    mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    mistakes
}
