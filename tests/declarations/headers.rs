//! The header: visibility, attributes, names, const parameters; and the positions that a declaration can have.

use fnn::{Layer, Network};

mod visible {
    fnn::network! {
        /// Documented, and derived from.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct Public: [2] -> [1] {
            /// A documented layer.
            only: Dense(1),
        }
    }

    fnn::network! { struct Private: [2] -> [1] { only: Dense(1) } }

    pub(crate) fn private_output() -> [f32; 1] {
        let mut network = Private::zeroed();
        network.only.bias = [3.0];
        network.forward(&[1.0, 2.0])
    }
}

/// A network and its layers are as visible as the declaration says.
#[test]
fn layers_are_as_visible_as_their_network() {
    let mut network = visible::Public::zeroed();
    network.only.weight = [[2.0], [3.0]];
    assert_eq!(network.forward(&[10.0, 100.0]), [320.0]);
    assert_eq!(visible::private_output(), [3.0]);
}

#[test]
fn attributes_and_derives_pass_through() {
    let network = visible::Public::seeded(1);
    let mut copy = network.clone();
    assert_eq!(copy, network);
    copy.only.bias = [0.5];
    assert_ne!(copy, network);
    copy.only.weight = [[1.0], [2.0]];
    assert_eq!(format!("{copy:?}"), "Public {only.weight: [1.0, 2.0], only.bias: [0.5]}");
}

fnn::network! {
    struct r#type: [2] {
        r#match: Dense(3),
        r#as: Relu,
        r#fn: Residual { r#in: Dense(3) },
    }
}

#[test]
fn raw_identifiers_go_by_their_words() {
    let mut names = Vec::new();
    r#type::<f32>::zeroed().for_each(&mut |name, _, _| names.push(name.to_string()));
    assert_eq!(names, ["match.weight", "match.bias", "fn.in.weight", "fn.in.bias"]);
    assert_eq!(<r#type as Layer>::KIND, "type");
    assert_eq!(r#type::seeded(1).r#match.weight.len(), 2);
}

fnn::network! { struct Undeclared: [3] { Dense(4), Flatten, Residual { Dense(4) } } }

#[test]
fn the_output_may_be_left_out() {
    let output: [f32; 4] = Undeclared::seeded(1).forward(&[0.0; 3]);
    assert!(output.iter().all(|value| value.is_finite()));
}

fnn::network! {
    struct Wide<const HIDDEN: usize, const OUT: usize,>: [4] -> [OUT] {
        hidden: Dense(HIDDEN),
        Tanh,
        skip: Residual { Dense(HIDDEN), Silu, Dense(HIDDEN) },
        out: Dense(OUT),
    }
}

#[test]
fn const_parameters_are_passed_on() {
    assert_eq!(Wide::<3, 2>::PARAMETERS, (4 * 3 + 3) + 2 * (3 * 3 + 3) + (3 * 2 + 2));
    assert_eq!(Wide::<30, 7>::MACS, 4 * 30 + 2 * 30 * 30 + 30 * 7);
    let network = Wide::<5, 6, f64>::seeded(1);
    let output: [f64; 6] = network.forward(&[0.1; 4]);
    assert!(output.iter().any(|&value| value != 0.0));
    assert_eq!(network.hidden.weight[0].len(), 5);
}

fnn::network! {
    /// Its parameter is the input shape.
    struct Autoencoder<const SIZE: usize>: [SIZE] -> [SIZE] { Dense(2), Dense(SIZE) }
}

#[test]
fn const_parameters_are_sizes_of_samples_too() {
    let output: [f32; 9] = Autoencoder::<9>::seeded(1).forward(&[1.0; 9]);
    assert!(output.iter().any(|&value| value != 0.0));
}

#[test]
fn a_declaration_may_stand_in_a_function() {
    const UNITS: usize = 3;
    fnn::network! { struct Local: [2] -> [UNITS] { Dense(UNITS), encoder: Inner } }
    fnn::network! { struct Inner: [3] -> [3] { Relu } }
    assert_eq!(Local::PARAMETERS, 2 * 3 + 3);

    fn inner() -> usize {
        fnn::network! { struct Local: [5] -> [1] { Dense(1) } }
        Local::PARAMETERS
    }
    assert_eq!(inner(), 6);
}

/// Declares a network from a `macro_rules!`, as a user could.
macro_rules! classifier {
    ($name:ident, $inputs:expr, $kind:ty, [$($units:expr),*], $classes:literal) => {
        fnn::network! {
            struct $name: [$inputs] -> [$classes] {
                $(Dense($units), Relu,)*
                nested: $kind,
                Dense($classes),
            }
        }
    };
}

fnn::network! { struct Seven: [7] -> [7] { Dense(7), Tanh } }
classifier!(Small, 4, Seven, [8, 3 + 4], 3);
classifier!(Large, 2 * 8, self::Seven, [20, 20, 7], 5);

#[test]
fn a_declaration_may_stand_in_a_macro() {
    assert_eq!(Small::PARAMETERS, (4 * 8 + 8) + (8 * 7 + 7) + (7 * 7 + 7) + (7 * 3 + 3));
    assert_eq!(Large::seeded(1).forward(&[0.0; 16]).len(), 5);
    assert_eq!(<Small as Network>::FLASH, 4 * Small::PARAMETERS);
}

fnn::network! { struct Plain: [2] -> [1] { own: OwnWithoutTraits, skip: Residual { Dense(2) }, Dense(1, bias = false) } }
fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    #[cfg_attr(all(), derive(::core::clone::Clone), doc = "Its traits are derived all the same.")]
    struct Derived: [1] -> [1] { Dense(1) }
}

/// A custom layer needs none of the traits that every network implements.
#[derive(fnn::Parameters)]
#[repr(C)]
pub(crate) struct OwnWithoutTraits<S: fnn::Scalar = f32> {
    gain: S,
}

impl<S: fnn::Scalar> fnn::Layer for OwnWithoutTraits<S> {
    type Input = [S; 2];
    type Output = [S; 2];
    type Tape<const B: usize> = ();
    type Workspace<const B: usize> = ();
    type TrainingWorkspace<const B: usize> = Self::Workspace<B>;

    const KIND: &'static str = "Own";
    const MACS: u64 = 2;

    fn forward_batch<V: fnn::simd::Simd, const B: usize>(
        &self,
        _: V,
        inputs: &[[S; 2]],
        outputs: &mut [[S; 2]],
        (): &mut (),
    ) {
        for (y, x) in outputs.iter_mut().zip(inputs) {
            *y = x.map(|x| x * self.gain);
        }
    }

    fn backward<V: fnn::simd::Simd, const B: usize>(
        &self,
        _: fnn::layers::Pass<'_, V>,
        _: fnn::layers::Recorded<'_, Self, B>,
        _: &mut [[S; 2]],
        _: fnn::layers::Gradient<'_, Self>,
        _: Option<&mut [[S; 2]]>,
        (): &mut (),
    ) {
    }
}

#[test]
fn every_network_is_clone_and_debug() {
    let mut network = Plain::zeroed();
    network.parameters_mut().copy_from_slice(&[0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let copy = network.clone();
    network.own.gain = 9.0;
    assert_eq!(network.own.gain, 9.0);
    assert_eq!(copy.parameters(), [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let text = "Plain {own.gain: [0.5], skip.dense_1.weight: [1.0, 2.0, 3.0, 4.0], skip.dense_1.bias: [5.0, 6.0], \
                dense_1.weight: [7.0, 8.0]}";
    assert_eq!(format!("{copy:?}"), text);
    assert_eq!(Derived::seeded(1).clone(), Derived::seeded(1));
}
