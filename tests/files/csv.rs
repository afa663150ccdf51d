//! Tables in CSV files.

use fnn::data::{Csv, Missing};

use super::*;

const PENGUINS: &str = "\
species; length ;width;sex
Adelie;39.1;18.7;male
Chinstrap;46.5;17.9;
Adelie;NA;17.4;female
\"Gentoo\";50.0;?;male
";

fn penguins() -> Csv {
    Csv::new(file("penguins.csv", PENGUINS)).delimiter(b';')
}

#[test]
fn columns_become_samples_and_texts_classes() {
    let (dropped, labels) =
        penguins().missing(Missing::Drop).classification::<2, 2>(["width", "length"], "species").unwrap();
    assert_eq!(dropped.inputs(), [[18.7, 39.1], [17.9, 46.5]]);
    assert_eq!((dropped.targets(), labels.names()), (&[0, 1][..], ["Adelie", "Chinstrap"]));
    assert_eq!([dropped.row(0), dropped.row(1)], [0, 1]);

    let (filled, labels) =
        penguins().missing(Missing::Mean).classification::<2, 3>(["length", "width"], "species").unwrap();
    assert_eq!(filled.targets(), [0, 1, 0, 2]);
    assert_eq!(labels.names(), ["Adelie", "Chinstrap", "Gentoo"]);
    // (39.1 + 46.5 + 50) / 3 and (18.7 + 17.9 + 17.4) / 3
    assert_eq!((filled.inputs()[2], filled.inputs()[3]), ([45.2, 17.4], [50.0, 18.0]));

    let test = Csv::new(file("test.csv", "length,species\n1,Gentoo\n2,Adelie\n"));
    assert_eq!(test.classification_as(["length"], "species", &labels).unwrap().targets(), [2, 0]);
    let prices = Csv::new(file("prices.csv", "rooms,price,tax\n2,1e5,-3.5\n\n3, 2e5 ,0.25\n"));
    let prices = prices.regression(["rooms"], ["price", "tax"]).unwrap();
    assert_eq!((prices.inputs(), prices.targets()), (&[[2.0], [3.0]][..], &[[1e5, -3.5], [2e5, 0.25]][..]));
    let quoted = Csv::new(file("quoted.csv", "a,b\n1,\"x, y\"\n2,\"say \"\"z\"\"\"\n"));
    assert_eq!(quoted.classification::<1, 2>(["a"], "b").unwrap().1.names(), ["say \"z\"", "x, y"]);
}

#[test]
fn what_is_wrong_is_named_by_line_and_column() {
    let path = file("penguins.csv", PENGUINS);
    let classes = |missing, inputs: [&str; 1], target| {
        Csv::new(&path).delimiter(b';').missing(missing).classification::<1, 3>(inputs, target)
    };
    for (result, message) in [
        (classes(Missing::Error, ["length"], "species"), "line 4, column `length`: expected a number, found `NA`"),
        (classes(Missing::Error, ["length"], "sex"), "line 3, column `sex`: expected a target, found nothing"),
        (classes(Missing::Mean, ["width"], "sex"), "line 3, column `sex`: expected a target, found nothing"),
        (classes(Missing::Mean, ["sex"], "species"), "line 2, column `sex`: expected a number, found `male`"),
        (
            classes(Missing::Error, ["height"], "species"),
            "header: expected a column `height`, found `species`, `length`, `width`, `sex`",
        ),
        (
            classes(Missing::Drop, ["width"], "sex"),
            "column `sex`: expected 3 different classes, found 2: `female`, `male`",
        ),
    ] {
        refused(result, &path, message);
    }
    for (name, text, message) in [
        ("ragged.csv", "a,b\n1,2\n3\n", "line 3: expected 2 cells, as in the header, found 1"),
        (
            "long.csv",
            &format!("a,b\n{},2\n", "x".repeat(100_000)),
            &format!("line 2, column `a`: expected a number, found `{}…", "x".repeat(999)),
        ),
        (
            "infinite.csv",
            "a,b\n1,2\n\ninf,3\n",
            "line 4, column `a`: expected a finite number that is an `f32`, found `inf`",
        ),
        ("large.csv", "a,b\n1e39,2\n", "line 2, column `a`: expected a finite number that is an `f32`, found `1e39`"),
        ("number.csv", "a,b\n1,2\n1,2x\n", "line 3, column `b`: expected a number, found `2x`"),
        ("twice.csv", "a,b,a\n1,2,3\n", "header: expected one column `a`, found more than one"),
        ("empty.csv", "", "header: expected a column `a`, found nothing"),
        (
            "cut.csv",
            "a,b\n1,2\n3,\"4\n5,6\n",
            "line 3: expected a quote at the end of a cell, found the end of the file",
        ),
        (
            "cut_header.csv",
            "a,b,\"c\n1,2,3\n",
            "line 1: expected a quote at the end of a cell, found the end of the file",
        ),
    ] {
        let path = file(name, text);
        refused(Csv::new(&path).regression(["a"], ["b"]), &path, message);
    }
    let path = file("latin1.csv", b"a,b\n1,2\n1,\xe9\n");
    refused(
        Csv::new(&path).regression(["a"], ["b"]),
        &path,
        "line 3: expected text in UTF-8, found other bytes in cell 2",
    );
    let path = file("none.csv", "a,b\nNA,1\n?,2\n");
    let mean = Csv::new(&path).missing(Missing::Mean);
    refused(mean.regression(["a"], ["b"]), &path, "column `a`: expected at least one number, found none");
    let labels = Labels::new(["x", "y"]).unwrap();
    let path = file("unknown.csv", "a,b\n1,x\n2,z\n");
    let result = Csv::new(&path).classification_as(["a"], "b", &labels);
    refused(result, &path, "line 3, column `b`: expected one of the classes x, y, found `z`");
    assert!(matches!(Csv::new("no such file").regression(["a"], ["b"]), Err(Error::File { .. })));
}
