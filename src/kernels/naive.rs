//! The oracle: the same sums as triple loops in `f64`, straight from their definitions.

/// `C(m, n) += Σₖ A(m, k) · B(k, n)`, for matrices that are functions of row and column.
pub(crate) fn product(
    (rows, inner, columns): (usize, usize, usize),
    a: impl Fn(usize, usize) -> f64,
    b: impl Fn(usize, usize) -> f64,
    c: &mut [f64],
) {
    for m in 0..rows {
        for n in 0..columns {
            for k in 0..inner {
                c[m * columns + n] += a(m, k) * b(k, n);
            }
        }
    }
}
