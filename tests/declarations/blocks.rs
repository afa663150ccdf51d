//! Blocks: residual connections and branches.

use fnn::Network;

fnn::network! { struct Skip: [2] { skip: Residual { Dense(3), Relu, Dense(2) } } }

/// `y = x + f(x)`
#[test]
fn a_residual_block_adds_what_came() {
    let mut network = Skip::seeded(4);
    network.skip.inside.dense_2.bias = [0.5, -0.5];
    let x = [1.0, -2.0];
    let inside = network.skip.inside.forward(&x);
    assert_eq!(network.forward(&x), [x[0] + inside[0], x[1] + inside[1]]);
    let zeroed = Skip::zeroed();
    assert_eq!(zeroed.forward(&x), x);
}

fnn::network! { struct Deep: [2] { Residual { Residual { Residual { Dense(2) } } } } }

/// With zero weights, only the three skip connections remain: `((0 + x) + x) + x`.
#[test]
fn blocks_nest() {
    assert_eq!(Deep::zeroed().forward(&[1.0, -5.0]), [3.0, -15.0]);
}

fnn::network! { struct Projected: [2] -> [3] { Residual { { Dense(3), Relu }, { Dense(3, bias = false) } } } }

#[test]
fn a_projection_takes_the_place_of_the_way_around() {
    let mut network = Projected::zeroed();
    network.parameters_mut().copy_from_slice(&[
        // weight [2, 3] and bias [3] of the layer inside
        1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.5, 0.5, 0.5, // weight [2, 3] on the way around
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0,
    ]);
    // relu([1.5, 10.5, −0.5]) + [41, 52, 63]
    assert_eq!(network.forward(&[1.0, 10.0]), [42.5, 62.5, 63.0]);
}

fnn::network! { struct Beside: [2] -> [6] { Concat { { Dense(1) }, {}, { Dense(3), Relu } } } }

#[test]
fn branches_stand_side_by_side_in_their_order() {
    let mut network = Beside::zeroed();
    network.parameters_mut().copy_from_slice(&[
        1.0, 1.0, 0.25, // the first branch
        1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, // the last one
    ]);
    assert_eq!(network.forward(&[3.0, 4.0]), [7.25, 3.0, 4.0, 3.0, 4.0, 0.0]);
}

/// The samples of a batch are independent, and a block doesn't share its memory.
#[test]
fn a_batch_is_its_samples() {
    fnn::network! {
        struct All: [4] -> [3] {
            Dense(5), Relu, Residual { Dense(7), Silu, Residual { Dense(7), Gelu }, Dense(5) },
            Concat { { Dense(2), Tanh }, { Residual { { Dense(3) }, { Dense(3) } } } }, LayerNorm, Dense(3),
        }
    }
    let network = All::seeded(9);
    let samples: [[f32; 4]; 70] =
        core::array::from_fn(|n| core::array::from_fn(|i| ((n * 7 + i * 3) % 11) as f32 / 5.0));
    let together = network.forward_all(&samples);
    for (sample, together) in samples.iter().zip(&together) {
        for (&one, &other) in network.forward(sample).iter().zip(together) {
            approx::assert_relative_eq!(one, other, epsilon = 1e-5);
        }
    }
}
