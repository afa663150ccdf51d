//! Matrix products: forward, weight gradient and input gradient of a dense layer.

use super::dot_products::{DotProducts, Order};
use super::lane_sums::{LANES, LaneSums};
use super::loops::{add_outer_product, dot_products, row_product};
use super::portable::Portable;
pub use super::product::Start;
use super::product::{Origin, Product, Small, is_chained};
use super::size::{Constant, Size};
use super::vector::{Operation, Simd, Vector, first_lane, lanes, read};
use crate::chunks::Chunks;
use crate::scalar::Scalar;

/// The most products of a sum that is inlined.
const DOT: usize = 128;

/// A product of a layer of k inputs with n columns: inlined if it is small, otherwise in a shared function.
#[inline(always)]
fn product<V: Simd, S: Scalar, K: Size, N: Size>(simd: V, product: Product<'_, S>, (k, n): (K, N)) {
    if const { !Product::<S>::may_be_small::<V, K, N>() } {
        return S::Vector::<V>::product(simd, product);
    }
    if !Product::<S>::is_small::<V>(k.get().saturating_mul(n.get()), n.get()) {
        S::Vector::<V>::product(simd, product);
    } else if cfg!(debug_assertions) {
        // The same kernel, but called: debug builds reserve stack for everything inlined.
        simd.call(Small(product, n));
    } else {
        Small(product, n).run(simd);
    }
}

/// Whether a layer may have a single output.
const fn may_be_one<N: Size>() -> bool {
    matches!(N::CONSTANT, None | Some(1))
}

/// `Σₖ a[k] · b[k]`, for short slices, [in lanes](Order::InLanes).
#[inline(always)]
fn dot<V: Simd, S: Scalar>(simd: V, a: &[S], b: &[S]) -> S {
    let mut sums = LaneSums::<V, S>::new(simd);
    for (first, (x, y)) in a.parts(LANES).zip(b.parts(LANES)).enumerate() {
        for (index, at) in (0..LANES).step_by(lanes::<V, S>()).enumerate() {
            // In a short sum, the other lanes stay zero.
            if first > 0 || at < a.len() {
                let terms = |of: &[S]| read(simd, of.get(at..).unwrap_or_default());
                sums.multiply_add(simd, index, terms(x), terms(y));
            }
        }
    }
    first_lane(simd, sums.total())
}

/// `C[m][n] = bias[n] + Σₖ A[m][k] · B[k][n]`, with A, B and C contiguous in row-major order.
///
/// `a` holds m·k, `b` k·n and `c` m·n numbers, `bias` n, or none without a bias.
#[inline(always)]
pub fn matmul<V: Simd, S: Scalar, K: Size, N: Size>(
    simd: V,
    (k, n): (K, N),
    a: &[S],
    b: &[S],
    c: &mut [S],
    bias: &[S],
) {
    if const { V::FUSED && may_be_one::<N>() } && n.get() == 1 {
        // One output: dot products with one row, instead of vectors of one number.
        let k = k.get();
        let start = bias.first().copied().unwrap_or(S::ZERO);
        if k <= DOT {
            for (a, c) in a.blocks(k.max(1)).zip(c) {
                *c = start + dot(simd, a, b);
            }
        } else {
            let (size, order) = ((1, k, c.len()), Order::InLanes);
            S::Vector::<V>::dot_products(simd, DotProducts { size, a: b, pitch: k, b: a, c, start, order });
        }
        return;
    }
    matmul_rows(simd, (k, n), (a, None), b, c, bias);
}

/// [`matmul`] for n > 1, with the rows of `a` that have some numbers, if there are any.
#[inline(always)]
pub(crate) fn matmul_rows<V: Simd, S: Scalar, K: Size, N: Size>(
    simd: V,
    sizes: (K, N),
    (a, rows): (&[S], Option<&[usize]>),
    b: &[S],
    c: &mut [S],
    bias: &[S],
) {
    let (k, n) = (sizes.0.get(), sizes.1.get());
    if n == 0 {
        return;
    }
    if const { lanes::<V, S>() > 1 && !V::FUSED } && c.len() == n {
        // Of one row, plain loops read each row of B piece by piece, as fast as vectors can.
        return matmul_rows(Portable, sizes, (a, rows), b, c, bias);
    }
    if const { lanes::<V, S>() > 1 } {
        let (size, start) = ((c.len() / n, k, n), Origin::Row(bias));
        let (strides, pitches, is_chained) = ((k, 1), (n, n), is_chained::<V>(k, n));
        let all = Product { rows, is_chained, ..Product::new(size, (a, strides), b, c, pitches, start) };
        return product(simd, all, sizes);
    }
    for (row, c) in c.blocks_mut(n).enumerate() {
        let row = rows.map_or(row, |rows| rows.get(row).copied().unwrap_or(usize::MAX)).saturating_mul(k);
        row_product(simd, a.get(row..row.saturating_add(k)).unwrap_or_default(), b, c, bias);
    }
}

/// `dW[i][o] = start + Σₙ X[n][i] · G[n][o]`: the weight gradient of a batch of n samples.
///
/// `x` holds n·i, `g` n·o and `dw` i·o numbers.
#[inline(always)]
pub fn weight_gradient<V: Simd, S: Scalar, I: Size, O: Size>(
    simd: V,
    sizes: (I, O),
    x: &[S],
    g: &[S],
    dw: &mut [S],
    start: Start,
) {
    let (i, o) = (sizes.0.get(), sizes.1.get());
    if i == 0 || o == 0 {
        return;
    }
    if const { lanes::<V, S>() > 1 } {
        let (size, strides, pitches) = ((i, g.len() / o, o), (1, i), (o, o));
        return product(simd, Product::new(size, (x, strides), g, dw, pitches, start.into()), sizes);
    }
    if start == Start::Zero {
        dw.fill(S::ZERO);
    }
    for (x, g) in x.blocks(i).zip(g.blocks(o)) {
        add_outer_product(simd, x, g, dw);
    }
}

/// `dX[n][i] = Σₒ G[n][o] · W[i][o]`: the input gradient of a batch of n samples.
///
/// `g` holds n·o, `w` i·o and `dx` n·i numbers.
#[inline(always)]
pub fn input_gradient<V: Simd, S: Scalar, I: Size, O: Size>(simd: V, sizes: (I, O), g: &[S], w: &[S], dx: &mut [S]) {
    let (i, o) = (sizes.0.get(), sizes.1.get());
    if i == 0 || o == 0 {
        return;
    }
    if const { lanes::<V, S>() > 1 && may_be_one::<O>() } && o == 1 {
        // One output: rows of one weight each are contiguous, and form one row.
        let (size, strides, pitches) = ((dx.len() / i, 1, i), (1, 1), (i, i));
        return product(simd, Product::new(size, (g, strides), w, dx, pitches, Origin::Zero), (Constant::<1>, sizes.0));
    }
    if const { lanes::<V, S>() > 1 } {
        let (size, start, order) = ((dx.len() / i, o, i), S::ZERO, Order::InOrder);
        return S::Vector::<V>::dot_products(simd, DotProducts { size, a: g, pitch: o, b: w, c: dx, start, order });
    }
    for (g, dx) in g.blocks(o).zip(dx.blocks_mut(i)) {
        dot_products(simd, g, w, dx);
    }
}
