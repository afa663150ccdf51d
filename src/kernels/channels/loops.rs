//! Batch normalization as plain loops, for processors without vectors and for unknown ones.

use super::{Activate, Backward, Scales, Sizes, inverse_deviation};
use crate::chunks::Chunks;
use crate::kernels::sums::{sum, sum_of};
use crate::scalar::Scalar;

/// `y = f((x − mean) · w / √(variance + ε) + b)`; `scale` is scratch.
#[inline(always)]
pub(super) fn normalize<S: Scalar, A: Activate>(
    Sizes { length, space }: Sizes,
    (scales, activation): (Scales<'_, S>, A),
    (mean, variance): (&[S], &[S]),
    (x, y): (&[S], &mut [S]),
    scale: &mut [S],
) {
    for ((scale, &weight), &variance) in scale.iter_mut().zip(scales.weight).zip(variance) {
        *scale = weight * inverse_deviation(variance, scales.epsilon);
    }
    for (x, y) in x.blocks(length).zip(y.blocks_mut(length)) {
        let channels = x.blocks(space).zip(y.blocks_mut(space));
        for ((x, y), ((&mean, &scale), &bias)) in channels.zip(mean.iter().zip(&*scale).zip(scales.bias)) {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = activation.value((x - mean) * scale + bias);
            }
        }
    }
}

/// The mean and the variance of each channel of a batch.
#[inline(always)]
pub(super) fn measure<S: Scalar>(sizes: Sizes, x: &[S], mean: &mut [S], variance: &mut [S]) {
    let (Sizes { length, space }, part) = (sizes, sizes.part(x));
    mean.fill(S::ZERO);
    for x in x.blocks(length) {
        for (x, mean) in x.blocks(space).zip(mean.iter_mut()) {
            *mean += sum(x) * part;
        }
    }
    variance.fill(S::ZERO);
    for x in x.blocks(length) {
        for ((x, &mean), variance) in x.blocks(space).zip(mean.iter()).zip(variance.iter_mut()) {
            *variance += sum_of(x, x, |x, _| (x - mean) * (x - mean)) * part;
        }
    }
}

/// The gradients of a batch.
#[inline(always)]
pub(super) fn differentiate<S: Scalar, A: Activate>(backward: Backward<'_, S, A>) {
    let Backward { sizes, scales, activation, mean, variance, is_frozen, x, y, g, dx, by_weight, by_bias } = backward;
    let gradient = |y, g| if activation.is_identity() { g } else { activation.gradient(y, g) };
    let dx = match dx {
        Some(dx) => {
            for (dx, (&g, &y)) in dx.iter_mut().zip(g.iter().zip(y)) {
                *dx = gradient(y, g);
            }
            dx
        }
        None => {
            for (g, &y) in g.iter_mut().zip(y) {
                *g = gradient(y, *g);
            }
            g
        }
    };
    let (Sizes { length, space }, part) = (sizes, sizes.part(x));
    let statistics = || mean.iter().zip(variance.iter().map(|&variance| inverse_deviation(variance, scales.epsilon)));
    by_weight.fill(S::ZERO);
    by_bias.fill(S::ZERO);
    for (x, g) in x.blocks(length).zip(dx.blocks(length)) {
        let channels = x.blocks(space).zip(g.blocks(space)).zip(statistics());
        let sums = by_weight.iter_mut().zip(by_bias.iter_mut());
        for (((x, g), (&mean, inverse)), (by_weight, by_bias)) in channels.zip(sums) {
            *by_weight += sum_of(x, g, |x, g| (x - mean) * g) * inverse;
            *by_bias += sum(g);
        }
    }
    for (x, dx) in x.blocks(length).zip(dx.blocks_mut(length)) {
        let channels = x.blocks(space).zip(dx.blocks_mut(space));
        let sums = by_weight.iter().zip(by_bias.iter()).zip(scales.weight);
        for (((x, dx), (&mean, inverse)), ((&by_weight, &by_bias), &weight)) in channels.zip(statistics()).zip(sums) {
            let scale = weight * inverse;
            if is_frozen {
                for dx in dx {
                    *dx = scale * *dx;
                }
                continue;
            }
            let (slope, offset) = (by_weight * part * inverse, by_bias * part);
            for (dx, &x) in dx.iter_mut().zip(x) {
                *dx = scale * (*dx - offset - slope * (x - mean));
            }
        }
    }
}
