//! Zeros around a sample, as the padding of the convolution behind them.

use crate::graph::{Graph, Operator};

impl Graph {
    /// Fold `ZeroPad` into convolutions.
    pub(super) fn fold_pads(&mut self) {
        let makers = self.makers();
        for index in 0..self.nodes.len() {
            let pad = makers[self.nodes[index].inputs[0].0].map(|maker| self.nodes[maker].clone());
            let Some(Operator::ZeroPad { padding }) = pad.as_ref().map(|node| &node.operator) else { continue };
            if let Operator::Conv { windows, .. } = &mut self.nodes[index].operator {
                for (window, &(before, after)) in windows.iter_mut().zip(padding) {
                    window.padding.0 += before;
                    window.padding.1 += after;
                }
                self.nodes[index].inputs = pad.map(|node| node.inputs).unwrap_or_default();
            }
        }
    }
}
