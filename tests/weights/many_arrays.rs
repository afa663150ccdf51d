//! Weights with more arrays than one pass over a header looks for.

use super::file;
use fnn::weights::{LoadOptions, Name};
use fnn::{Parameters, Scalar};

macro_rules! struct_of_17 {
    ($name:ident: $($field:ident)*) => {
        #[derive(Parameters)]
        #[repr(C)]
        struct $name<S: Scalar> {
            $($field: Inside<$name<S>, S>),*
        }
    };
}

/// The type of each struct's fields.
type Inside<T, S> = <T as Fields<S>>::Inside;

trait Fields<S> {
    type Inside: Parameters<Scalar = S>;
}

impl<S: Scalar> Fields<S> for Arrays<S> {
    type Inside = [S; 1];
}
impl<S: Scalar> Fields<S> for Groups<S> {
    type Inside = Arrays<S>;
}
impl<S: Scalar> Fields<S> for All<S> {
    type Inside = Groups<S>;
}

struct_of_17!(Arrays: a b c d e f g h i j k l m n o p q);
struct_of_17!(Groups: a b c d e f g h i j k l m n o p q);
struct_of_17!(All: a b c d e f g h i j k l m n o p q);

const ARRAYS: usize = 17 * 17 * 17;

/// A file of arrays with these names, each with one number, its index.
fn numbered(names: &[String]) -> Vec<u8> {
    let entry = |(index, name): (usize, &String)| {
        format!(r#""{name}":{{"dtype":"F32","shape":[1],"data_offsets":[{},{}]}}"#, 4 * index, 4 * index + 4)
    };
    let entries: Vec<_> = names.iter().enumerate().map(entry).collect();
    let mut bytes = file(&format!("{{{}}}", entries.join(",")), 0);
    bytes.extend((0..names.len()).flat_map(|index| (index as f32).to_le_bytes()));
    bytes
}

fn names() -> Vec<String> {
    let mut names = Vec::new();
    All::<f32>::zeroed().for_each(&mut |name: Name<'_>, _, _| names.push(name.to_string()));
    names
}

#[test]
fn any_number_of_arrays_is_read() {
    const { assert!(ARRAYS > 4096) }
    let mut names = names();
    let options = LoadOptions::new();
    let read = options.load_from_bytes::<All<f32>>(&numbered(&names)).unwrap().network;
    assert!(read.parameters().iter().enumerate().all(|(index, &weight)| weight == index as f32));

    // Errors on both sides of the end of a pass, and names that belong to no pass.
    names[1] = "q.q.q".into();
    names[4095] = "else".into();
    names[4096] = "a.a.a".into();
    let file = numbered(&names);
    let error = options.read(&mut *All::<f32>::zeroed_box(), &file).unwrap_err().to_string();
    assert_eq!(
        error,
        "else: expected no tensor of this name, found one of shape [1]\n\
         a.a.a: expected a single tensor for this array, found a second one\n\
         a.a.b: expected a tensor of shape [1], found none\n\
         o.c.p: expected a tensor of shape [1], found none\n\
         q.q.q: expected a single tensor for this array, found a second one\n\
         o.c.q: expected a tensor of shape [1], found none"
    );
}

#[test]
fn many_layers_are_matched_by_their_order() {
    // The names of nested `nn.Sequential`s, in the order in which the crate `safetensors` writes them.
    let mut names: Vec<_> =
        (0..289).map(|index| format!("{}.{}", index / 17, char::from(b'a' + (index % 17) as u8))).collect();
    names.sort_unstable();
    let file = numbered(&names);
    let mut groups = Groups::<f32>::zeroed_box();
    LoadOptions::new().by_order(true).read(&mut *groups, &file).unwrap();
    for (index, &weight) in groups.parameters().iter().enumerate() {
        assert_eq!(names[weight as usize], format!("{}.{}", index / 17, char::from(b'a' + (index % 17) as u8)));
    }
}
