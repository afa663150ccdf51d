//! A matrix product on one thread by fnn, `gemm` and `matrixmultiply`.

use std::hint::black_box;

use fnn::macro_support::kernels::matmul;
use fnn::simd::{Operation, Simd, dispatch};

use crate::measure::{calls_per_second, peak};

struct Product<'a> {
    size: (usize, usize),
    a: &'a [f32],
    b: &'a [f32],
    c: &'a mut [f32],
}

impl Operation for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Simd>(self, simd: V) {
        matmul(simd, self.size, self.a, self.b, self.c, &[]);
    }
}

/// Print a table of GFLOP/s.
pub fn table() {
    println!("| m × k × n, GFLOP/s on one thread | fnn | of peak | gemm | matrixmultiply |\n|---|---|---|---|---|");
    let sizes = [(1, 784, 128), (32, 784, 128), (32, 128, 10), (32, 784, 512), (32, 512, 256), (256, 784, 128)];
    for (m, k, n) in sizes {
        let (a, b, mut c) = (vec![0.5f32; m * k], vec![0.25f32; k * n], vec![0f32; m * n]);
        let flop = 2.0 * (m * k * n) as f64 / 1e9;
        let own = flop
            * calls_per_second(|| {
                dispatch(Product { size: black_box((k, n)), a: black_box(&a), b: &b, c: &mut c });
            });
        let (row, column) = (n as isize, 1);
        let gemm = flop
            * calls_per_second(|| {
                let (c, a, b) = (c.as_mut_ptr(), black_box(a.as_ptr()), b.as_ptr());
                // SAFETY: the matrices have these sizes and strides.
                unsafe {
                    gemm::gemm(
                        m,
                        n,
                        k,
                        c,
                        column,
                        row,
                        false,
                        a,
                        1,
                        k as isize,
                        b,
                        1,
                        row,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            });
        let other = flop
            * calls_per_second(|| {
                let (c, a, b) = (c.as_mut_ptr(), black_box(a.as_ptr()), b.as_ptr());
                // SAFETY: the matrices have these sizes and strides.
                unsafe { matrixmultiply::sgemm(m, k, n, 1.0, a, k as isize, 1, b, row, 1, 0.0, c, row, 1) }
            });
        println!("| {m} × {k} × {n} | {own:.0} | {:.0} % | {gemm:.0} | {other:.0} |", 100.0 * own / peak());
    }
}
