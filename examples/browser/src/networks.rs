//! The networks that the page can train on points of the plane.

use fnn::{Layer, Network};

/// A network from a point of the plane to a score, which is above 0 for orange points.
pub trait OfPoints: Layer<Scalar = f32, Input = [f32; 2], Output = [f32; 1]> {
    /// The declaration, as it stands in this file.
    const DECLARATION: &'static str;
    /// The number of units in each layer, beginning with the inputs.
    const UNITS: &'static [usize];

    /// Append the output of each unit, layer by layer, without the inputs.
    fn append_units(&self, point: &[f32; 2], outputs: &mut Vec<f32>);
}

/// Declares networks, each with its own text, and the layers after which a unit's value is shown.
macro_rules! networks {
    ($($name:ident [$($units:literal)*] { $($body:tt)* } { $($stage:ident),* })*) => {$(
        fnn::network! {
            #[derive(Debug)]
            pub struct $name: [2] -> [1] { $($body)* }
        }

        impl OfPoints for $name {
            const DECLARATION: &'static str = declaration(include_str!("networks.rs"), stringify!($name));
            const UNITS: &'static [usize] = &[2, $($units),*];

            fn append_units(&self, point: &[f32; 2], outputs: &mut Vec<f32>) {
                let value = point;
                $(
                    let value = &self.$stage.forward(value);
                    if networks!(@shown $stage) {
                        outputs.extend(value);
                    }
                )*
                let _ = value;
            }
        }
    )*};
    // The weighted sums of a hidden layer are not shown, but what the activation makes of them.
    (@shown hidden) => { false };
    (@shown hidden1) => { false };
    (@shown hidden2) => { false };
    (@shown $stage:ident) => { true };
}

networks! {
    Neuron [1] {
        out: Dense(1),
    } { out }

    Small [4 1] {
        hidden: Dense(4),
        act: Tanh,
        out: Dense(1),
    } { hidden, act, out }

    Wide [16 1] {
        hidden: Dense(16),
        act: Relu,
        out: Dense(1),
    } { hidden, act, out }

    Deep [8 8 1] {
        hidden1: Dense(8),
        act1: Tanh,
        hidden2: Dense(8),
        act2: Tanh,
        out: Dense(1),
    } { hidden1, act1, hidden2, act2, out }

    Large [16 16 1] {
        hidden1: Dense(16),
        act1: Tanh,
        hidden2: Dense(16),
        act2: Tanh,
        out: Dense(1),
    } { hidden1, act1, hidden2, act2, out }
}

/// The lines between the braces after a name at the start of a line.
const fn declaration(source: &'static str, name: &str) -> &'static str {
    let (bytes, name) = (source.as_bytes(), name.as_bytes());
    let mut start = 0;
    loop {
        let mut length = 0;
        while length < name.len() && bytes[start + length] == name[length] {
            length += 1;
        }
        if length == name.len() && bytes[start + length] == b' ' && bytes[start + length + 1] == b'[' {
            break;
        }
        start += 1;
    }
    let mut open = start;
    while bytes[open] != b'{' {
        open += 1;
    }
    let mut close = open;
    while bytes[close] != b'}' {
        close += 1;
    }
    let (_, rest) = source.split_at(open + 1);
    rest.split_at(close - open - 1).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_those_of_this_file() {
        assert_eq!(Neuron::DECLARATION.trim(), "out: Dense(1),");
        assert!(Deep::DECLARATION.contains("act2: Tanh,"));
    }

    #[test]
    fn the_last_unit_is_the_output() {
        let network = Deep::seeded(1);
        let mut units = Vec::new();
        network.append_units(&[0.3, -0.8], &mut units);
        assert_eq!(units.len(), Deep::UNITS[1..].iter().sum::<usize>());
        assert_eq!(units.last(), network.forward(&[0.3, -0.8]).first());
    }
}
