//! Lines of sums that read the same numbers.

use super::*;

/// Numbers of filters that are a vector or three, or leave one by itself, in lines of neighbours that share what they read: along rows or
/// columns, with strides and dilations, and in lines too short for that.
#[test]
fn convolutions_of_lines_of_neighbours_are_those_of_their_definition() {
    let window = |kernel, stride, padding, dilation| Axis { kernel, stride, before: padding, after: padding, dilation };
    for (rows, columns) in [
        ((5, window(3, 1, 1, 1)), (9, window(3, 1, 0, 1))),
        ((4, window(2, 1, 0, 1)), (13, window(4, 1, 0, 2))),
        ((3, window(1, 1, 0, 1)), (21, window(5, 2, 4, 2))),
        ((5, window(3, 2, 1, 1)), (17, window(7, 1, 3, 1))),
        ((11, window(5, 1, 2, 1)), (3, window(1, 1, 0, 1))),
        ((14, window(4, 1, 3, 2)), (2, window(1, 2, 0, 1))),
        ((9, window(2, 3, 0, 1)), (10, window(2, 3, 1, 1))),
        ((6, window(3, 1, 1, 1)), (3, window(3, 1, 1, 1))),
    ] {
        let (Some(rows), Some(columns)) = (axis(rows.0, rows.1), axis(columns.0, columns.1)) else {
            panic!("{rows:?} or {columns:?} doesn't fit")
        };
        for sizes in [(3, 16, 1), (2, 13, 2), (1, 47, 1), (2, 80, 1)] {
            check(rows, columns, sizes);
        }
    }
}
