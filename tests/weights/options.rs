//! Files from other software: names and number types.

use super::{Small, file};
use fnn::Parameters;
use fnn::weights::LoadOptions;

/// A file of tensors with consecutive numbers.
fn numbers(tensors: &[(&str, &str, &[usize])], bytes: &[u8]) -> Vec<u8> {
    let mut end = 0;
    let entries = tensors.iter().map(|(name, dtype, shape)| {
        let size = match *dtype {
            "F16" | "BF16" => 2,
            "F32" => 4,
            _ => 8,
        };
        let begin = end;
        end += shape.iter().product::<usize>() * size;
        format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{begin},{end}]}}"#)
    });
    let header = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    [&file(&header, 0), bytes].concat()
}

/// The numbers from 0 to 11.
fn counted() -> Vec<u8> {
    (0..12u8).flat_map(|number| f32::from(number).to_le_bytes()).collect()
}

/// The weights of `Small` from a file with these names and numbers, in this order.
fn read(options: LoadOptions<'_>, names: [&str; 3]) -> Result<Vec<f32>, String> {
    let tensors = [(names[0], "F32", &[3, 2][..]), (names[1], "F32", &[3]), (names[2], "F32", &[1, 3])];
    let bytes = numbers(&tensors, &counted());
    match options.load_from_bytes::<Small>(&bytes) {
        Ok(loaded) => Ok(loaded.network.parameters().to_vec()),
        Err(error) => Err(error.to_string()),
    }
}

const WEIGHTS: [f32; 12] = [0.0, 2.0, 4.0, 1.0, 3.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0];

#[test]
fn prefixes_are_taken_away() {
    let options = LoadOptions::new().prefix("module.");
    assert_eq!(read(options, ["module.hidden.weight", "module.hidden.bias", "module.out.weight"]).unwrap(), WEIGHTS);
    assert_eq!(
        read(options, ["module.hidden.weight", "hidden.bias", "module.module.out.weight"]).unwrap_err(),
        "hidden.bias: expected no tensor of this name, found one of shape [3]\n\
         module.module.out.weight: expected no tensor of this name, found one of shape [1, 3]\n\
         hidden.bias: expected a tensor of shape [3], found none\n\
         out.weight: expected a tensor of shape [1, 3], found none"
    );
}

#[test]
fn names_are_mapped() {
    let options = LoadOptions::new().names(&[("net.0", "hidden"), ("net.0.bias", "nothing"), ("2", "out")]);
    assert_eq!(read(options, ["net.0.weight", "net.0.bias", "2.weight"]).unwrap(), WEIGHTS);
    assert_eq!(read(options, ["hidden.weight", "net.0.bias", "2.weight"]).unwrap(), WEIGHTS, "others are as they are");
    let single = LoadOptions::new().names(&[("w", "hidden.weight"), ("b", "hidden.bias"), ("v", "out.weight")]);
    assert_eq!(read(single, ["w", "b", "v"]).unwrap(), WEIGHTS);
    assert!(read(options, ["net.01.weight", "net.0.bias", "2.weight"]).is_err());
    let both = LoadOptions::new().prefix("model.").names(&[("0", "hidden"), ("2", "out")]);
    assert_eq!(read(both, ["model.0.weight", "model.0.bias", "model.2.weight"]).unwrap(), WEIGHTS);
    assert_eq!(
        read(LoadOptions::new().names(&[("0", "hidden")]), ["0.weight", "hidden.bias", "hidden.weight"]).unwrap_err(),
        "hidden.weight: expected a single tensor for this array, found a second one\n\
         out.weight: expected a tensor of shape [1, 3], found none"
    );

    // The whole network is one module in the file.
    type Layer = fnn::layers::Dense<2, 3>;
    let bytes = numbers(&[("fc.weight", "F32", &[3, 2]), ("fc.bias", "F32", &[3])], &counted()[..36]);
    let options = LoadOptions::new().names(&[("fc", "")]);
    assert_eq!(options.load_from_bytes::<Layer>(&bytes).unwrap().network.weight, [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]);
}

#[test]
fn numbered_layers_are_matched_by_their_order() {
    let options = LoadOptions::new().by_order(true);
    assert_eq!(read(options, ["0.weight", "0.bias", "2.weight"]).unwrap(), WEIGHTS);
    // 9 comes before 10, whatever the order in the file.
    assert_eq!(read(options, ["net.9.weight", "net.9.bias", "net.10.weight"]).unwrap(), WEIGHTS);
    assert_eq!(
        read(options, ["10.weight", "10.bias", "9.weight"]).unwrap_err(),
        "10.weight: expected no tensor of this name, found one of shape [3, 2]\n\
         10.bias: expected no tensor of this name, found one of shape [3]\n\
         9.weight: expected [3, 2], found [1, 3]\n\
         hidden.bias: expected a tensor of shape [3], found none\n\
         out.weight: expected a tensor of shape [1, 3], found none"
    );
    assert_eq!(
        read(options, ["fc1.weight", "fc1.bias", "fc2.weight"]).unwrap_err(),
        "fc1.weight: expected the name of a numbered layer (`0.weight`) to match by order, found another name: \
         use the option `names`"
    );
    let bytes = numbers(&[("0.weight", "F32", &[3, 2])], &[0; 24]);
    assert_eq!(
        options.load_from_bytes::<Small>(&bytes).unwrap_err().to_string(),
        "header: expected 3 tensors, excluding counts, to match by order, found 1"
    );
}

#[test]
fn numbers_of_other_types_are_converted_where_one_asks_for_it() {
    let tensors = |dtype| [("weight", dtype, &[1usize, 2][..]), ("bias", dtype, &[1])];
    let converting = LoadOptions::new().convert(true);
    type Single = fnn::layers::Dense<2, 1>;
    type Double = fnn::layers::Dense<2, 1, f64>;

    let halves = [0x3c00u16, 0xc000, 0x3555].iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<_>>();
    let brains = [0x3f80u16, 0xc000, 0x3eab].iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<_>>();
    let doubles = [1.0f64, -2.0, 1.0 / 3.0].iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    let singles = [1.0f32, -2.0, 1.0 / 3.0].iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    let third = f64::from(1.0f32 / 3.0);
    for (dtype, bytes, bias, rounding) in [
        ("F16", &halves, 0.333_251_953_125, 0.0),
        ("BF16", &brains, 0.333_984_375, 0.0),
        ("F32", &singles, third, 0.0),
        ("F64", &doubles, third, third - 1.0 / 3.0),
    ] {
        let bytes = numbers(&tensors(dtype), bytes);
        let loaded = converting.load_from_bytes::<Single>(&bytes).unwrap();
        assert_eq!(loaded.network.weight, [[1.0], [-2.0]]);
        assert_eq!(f64::from(loaded.network.bias[0]), bias);
        assert_eq!(loaded.largest_rounding, rounding, "{dtype}");
        assert_eq!(LoadOptions::new().load_from_bytes::<Single>(&bytes).is_ok(), dtype == "F32");

        let loaded = converting.load_from_bytes::<Double>(&bytes).unwrap();
        let exact = if dtype == "F64" { 1.0 / 3.0 } else { bias };
        assert_eq!((loaded.network.bias[0], loaded.largest_rounding), (exact, 0.0));
    }
}

#[test]
fn what_a_type_has_no_number_for_is_infinite() {
    let bytes: Vec<_> = [1e39f64, -1e-50, f64::NAN].iter().flat_map(|number| number.to_le_bytes()).collect();
    let bytes = numbers(&[("weight", "F64", &[1, 2]), ("bias", "F64", &[1])], &bytes);
    type Single = fnn::layers::Dense<2, 1>;
    let converting = LoadOptions::new().convert(true);
    assert_eq!(
        converting.load_from_bytes::<Single>(&bytes).unwrap_err().to_string(),
        "weight: expected finite numbers, found a number too large for F32 at [0, 0]"
    );
    let accepting = converting.accept_non_finite(true);
    let loaded = accepting.load_from_bytes::<Single>(&bytes).unwrap();
    assert_eq!(loaded.network.weight, [[f32::INFINITY], [0.0]]);
    assert!(loaded.network.bias[0].is_nan());
    assert_eq!(loaded.largest_rounding, 1e-50, "what is infinite isn't rounded");
    assert_eq!(
        converting.load_from_bytes::<fnn::layers::Dense<2, 1, f64>>(&bytes).unwrap_err().to_string(),
        "bias: expected finite numbers, found NaN at [0]"
    );
}

#[test]
fn a_count_is_a_whole_number() {
    type Norm = fnn::layers::BatchNorm<[f32; 1]>;
    let file = |dtype: &str, shape: &[usize], count: i64| {
        let tensors = [
            ("num_batches_tracked", dtype, shape),
            ("weight", "F32", &[1]),
            ("bias", "F32", &[1]),
            ("running_mean", "F32", &[1]),
            ("running_var", "F32", &[1]),
        ];
        let bytes = [&count.to_le_bytes()[..], &[1.0f32, 2.0, 3.0, 4.0].map(f32::to_le_bytes).concat()].concat();
        numbers(&tensors, &bytes)
    };
    let options = LoadOptions::new().convert(true);
    let read = options.load_from_bytes::<Norm>(&file("I64", &[], 1 << 40)).unwrap().network;
    assert_eq!(read.parameters(), [1.0, 2.0, 3.0, 4.0, (1u64 << 40) as f32]);
    let error = |bytes: &[u8]| options.load_from_bytes::<Norm>(bytes).unwrap_err().to_string();
    assert_eq!(error(&file("I64", &[], -5)), "num_batches_tracked: expected a count, found -5");
    assert_eq!(error(&file("I64", &[], i64::MIN)), "num_batches_tracked: expected a count, found -9223372036854775808");
    assert_eq!(error(&file("F64", &[], 0)), "num_batches_tracked: expected I64, found F64");
    assert_eq!(error(&file("I64", &[1], 0)), "num_batches_tracked: expected [], found [1]");
}
