//! Random changes of samples that keep what they show: for [`Source::augment`](super::Source::augment).
//!
//! Each function is given the random numbers of one sample in one epoch, and changes it in place. The results have the
//! same bits on every platform. Mix-up, which mixes two samples and their targets, is
//! [`Source::mix_up`](super::Source::mix_up).
//!
//! ```
//! use fnn::DataSet;
//! use fnn::data::{Source, augment};
//!
//! let digits = DataSet::from([([[[0.5f32; 28]; 28]; 1], 7usize)]);
//! let varied = digits.augment(|image, _, random| {
//!     augment::rotate(image, 10.0, random);
//!     augment::shift(image, 2, random);
//!     augment::noise(image, 0.02, random);
//! });
//! # let mut image = [[[0.0; 28]; 28]; 1];
//! # assert_eq!(varied.read(0, &mut fnn::Random::new(1), &mut image)?, 7);
//! # Ok::<(), fnn::Error>(())
//! ```

use crate::random::Random;
use crate::scalar::Scalar;
use crate::shape::Sample;

/// Shift an image by up to `most` pixels in each direction; what enters it is 0. Padding an image and cropping it at
/// random is the same.
pub fn shift<S: Scalar, const C: usize, const H: usize, const W: usize>(
    image: &mut [[[S; W]; H]; C],
    most: usize,
    random: &mut Random,
) {
    let (down, right) = (distance(most, random), distance(most, random));
    for channel in image {
        move_items(channel, down, [S::ZERO; W]);
        for row in channel {
            move_items(row, right, S::ZERO);
        }
    }
}

/// Shift a series of `C` channels by up to `most` steps; what enters it is 0.
pub fn shift_series<S: Scalar, const C: usize, const N: usize>(
    series: &mut [[S; N]; C],
    most: usize,
    random: &mut Random,
) {
    let later = distance(most, random);
    series.iter_mut().for_each(|channel| move_items(channel, later, S::ZERO));
}

/// Mirror an image left to right, with probability ½.
pub fn flip<S: Scalar, const C: usize, const H: usize, const W: usize>(
    image: &mut [[[S; W]; H]; C],
    random: &mut Random,
) {
    if random.uniform() < 0.5 {
        image.as_flattened_mut().iter_mut().for_each(|row| row.reverse());
    }
}

/// Mirror an image upside down, with probability ½.
pub fn flip_upside_down<S: Scalar, const C: usize, const H: usize, const W: usize>(
    image: &mut [[[S; W]; H]; C],
    random: &mut Random,
) {
    if random.uniform() < 0.5 {
        image.iter_mut().for_each(|channel| channel.reverse());
    }
}

/// A part of an image, anywhere in it: for [`Source::map`](super::Source::map).
///
/// ```
/// use fnn::{DataSet, data::{Source, augment::crop}};
///
/// let photographs = DataSet::from([([[[0.5f32; 36]; 36]; 3], 0usize)]);
/// let crops = photographs.map(|image, class, random| (crop::<f32, 3, 36, 36, 32, 32>(image, random), class));
/// # let mut image = [[[0.0; 32]; 32]; 3];
/// # crops.read(0, &mut fnn::Random::new(1), &mut image)?;
/// # assert_eq!(image, [[[0.5; 32]; 32]; 3]);
/// # Ok::<(), fnn::Error>(())
/// ```
#[must_use]
pub fn crop<
    S: Scalar,
    const C: usize,
    const H: usize,
    const W: usize,
    const CROPPED_H: usize,
    const CROPPED_W: usize,
>(
    image: &[[[S; W]; H]; C],
    random: &mut Random,
) -> [[[S; CROPPED_W]; CROPPED_H]; C] {
    const { assert!(CROPPED_H <= H && CROPPED_W <= W, "a part of an image is not larger than the image") }
    let (top, left) = (random.below(H - CROPPED_H + 1), random.below(W - CROPPED_W + 1));
    let mut cropped = [[[S::ZERO; CROPPED_W]; CROPPED_H]; C];
    for (part, channel) in cropped.iter_mut().zip(image) {
        for (part, row) in part.iter_mut().zip(channel.iter().skip(top)) {
            part.iter_mut().zip(row.iter().skip(left)).for_each(|(to, from)| *to = *from);
        }
    }
    cropped
}

/// Rotate an image by an angle between −`most` and `most` degrees, as [`rotated`] does.
pub fn rotate<S: Scalar, const C: usize, const H: usize, const W: usize>(
    image: &mut [[[S; W]; H]; C],
    most: f64,
    random: &mut Random,
) {
    let degrees = most * (2.0 * random.uniform() - 1.0);
    image.iter_mut().for_each(|channel| rotate_channel(channel, degrees));
}

/// An image, rotated counterclockwise around its centre. Pixels are interpolated linearly, and are 0 outside the image.
#[must_use]
pub fn rotated<S: Scalar, const C: usize, const H: usize, const W: usize>(
    image: &[[[S; W]; H]; C],
    degrees: f64,
) -> [[[S; W]; H]; C] {
    let mut image = *image;
    image.iter_mut().for_each(|channel| rotate_channel(channel, degrees));
    image
}

/// Add normally distributed noise with this standard deviation to each number.
pub fn noise<A: Sample<Element: Scalar>>(sample: &mut A, deviation: f64, random: &mut Random) {
    for x in sample.elements_mut() {
        *x += A::Element::from_f64(deviation * random.normal());
    }
}

/// Multiply all numbers by one factor between `1 − most` and `1 + most`: the contrast of an image, or the volume of a
/// sound.
pub fn scale<A: Sample<Element: Scalar>>(sample: &mut A, most: f64, random: &mut Random) {
    let factor = A::Element::from_f64(1.0 + most * (2.0 * random.uniform() - 1.0));
    sample.elements_mut().iter_mut().for_each(|x| *x *= factor);
}

/// A whole number from −`most` to `most`.
fn distance(most: usize, random: &mut Random) -> isize {
    // No array is longer than half of the address space, and everything beyond is the same.
    let most = most.min(isize::MAX as usize / 2);
    random.below(2 * most + 1) as isize - most as isize
}

/// Move all items by this number of places, and fill those that become free.
fn move_items<T: Copy>(items: &mut [T], by: isize, fill: T) {
    let distance = by.unsigned_abs().min(items.len());
    let kept = items.len() - distance;
    if by > 0 {
        items.copy_within(..kept, distance);
        items[..distance].fill(fill);
    } else {
        items.copy_within(distance.., 0);
        items[kept..].fill(fill);
    }
}

fn rotate_channel<S: Scalar, const H: usize, const W: usize>(channel: &mut [[S; W]; H], degrees: f64) {
    let before = *channel;
    let radians = degrees.to_radians();
    let (sin, cos) = (libm::sin(radians), libm::cos(radians));
    let (middle_row, middle_column) = ((H as f64 - 1.0) / 2.0, (W as f64 - 1.0) / 2.0);
    for (row, to) in channel.iter_mut().enumerate() {
        let y = row as f64 - middle_row;
        for (column, to) in to.iter_mut().enumerate() {
            let x = column as f64 - middle_column;
            // Rows are counted downwards.
            *to = interpolate(&before, middle_row + x * sin + y * cos, middle_column + x * cos - y * sin);
        }
    }
}

/// The value between pixels.
fn interpolate<S: Scalar, const H: usize, const W: usize>(channel: &[[S; W]; H], row: f64, column: f64) -> S {
    let (top, left) = (libm::floor(row), libm::floor(column));
    let (down, right) = (row - top, column - left);
    let pixel = |row: f64, column: f64| {
        let inside = row >= 0.0 && column >= 0.0;
        let pixel = inside.then(|| channel.get(row as usize)?.get(column as usize)).flatten();
        pixel.map_or(0.0, |pixel| pixel.to_f64())
    };
    let upper = pixel(top, left) * (1.0 - right) + pixel(top, left + 1.0) * right;
    let lower = pixel(top + 1.0, left) * (1.0 - right) + pixel(top + 1.0, left + 1.0) * right;
    S::from_f64(upper * (1.0 - down) + lower * down)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pixel different, and none 0.
    fn image() -> [[[f32; 4]; 3]; 2] {
        std::array::from_fn(|c| std::array::from_fn(|h| std::array::from_fn(|w| (1 + 12 * c + 4 * h + w) as f32)))
    }

    #[test]
    fn a_shift_moves_all_pixels_alike_and_each_distance_is_as_likely() {
        let mut counts = [[0; 5]; 5];
        for seed in 0..5000 {
            let mut shifted = image();
            shift(&mut shifted, 2, &mut Random::new(seed));
            // Pixels of the second row and third column stay in the image by one row or two columns.
            let expected = |down: isize, right: isize| {
                let mut expected = [[[0.0; 4]; 3]; 2];
                for (c, channel) in expected.iter_mut().enumerate() {
                    for (h, row) in channel.iter_mut().enumerate() {
                        for (w, to) in row.iter_mut().enumerate() {
                            let (h, w) = (h.checked_add_signed(-down), w.checked_add_signed(-right));
                            *to = h.zip(w).and_then(|(h, w)| image()[c].get(h)?.get(w).copied()).unwrap_or(0.0);
                        }
                    }
                }
                expected
            };
            let found = (-2..=2).flat_map(|down| (-2..=2).map(move |right| (down, right)));
            let found: Vec<_> = found.filter(|&(down, right)| expected(down, right) == shifted).collect();
            let [(down, right)] = found[..] else { panic!("{shifted:?}") };
            counts[(down + 2) as usize][(right + 2) as usize] += 1;
        }
        // 200 each, with a standard deviation of 14.
        assert!(counts.as_flattened().iter().all(|count| (140..260).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_series_is_shifted_and_none_stays_beyond_its_length() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut series = [[1.0f64, 2.0, 3.0], [4.0, 5.0, 6.0]];
            shift_series(&mut series, 4, &mut Random::new(seed));
            assert!(
                series[0].iter().zip(series[1]).all(|(&one, other)| one == 0.0 && other == 0.0 || one + 3.0 == other)
            );
            seen.insert(series[0].map(|x| x as u8));
        }
        let expected = [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 0], [3, 0, 0]];
        assert_eq!(seen, expected.into());
        let mut series = [[1.0f32; 2]];
        shift_series(&mut series, usize::MAX, &mut Random::new(0));
        assert_eq!(series, [[0.0; 2]]);
        shift_series(&mut series, 0, &mut Random::new(0));
    }

    #[test]
    fn half_of_all_images_are_flipped() {
        let (mut mirrored, mut upside_down) = (0, 0);
        for seed in 0..1000 {
            let (mut one, mut other) = (image(), image());
            flip(&mut one, &mut Random::new(seed));
            flip_upside_down(&mut other, &mut Random::new(seed));
            mirrored += usize::from(one != image());
            upside_down += usize::from(other != image());
            assert!(one == image() || one[1][2] == [24.0, 23.0, 22.0, 21.0]);
            assert!(other == image() || (other[1][2] == image()[1][0] && other[0][1] == image()[0][1]));
        }
        assert!((430..570).contains(&mirrored) && (430..570).contains(&upside_down), "{mirrored} {upside_down}");
    }

    #[test]
    fn a_crop_is_a_part_of_the_image_and_each_is_as_likely() {
        let mut counts = [0; 6];
        for seed in 0..3000 {
            let cropped: [[[f32; 2]; 2]; 2] = crop(&image(), &mut Random::new(seed));
            let (top, left) = ((cropped[0][0][0] as usize - 1) / 4, (cropped[0][0][0] as usize - 1) % 4);
            for (channel, whole) in cropped.iter().zip(image()) {
                for (row, whole) in channel.iter().zip(&whole[top..]) {
                    assert_eq!(row[..], whole[left..left + 2]);
                }
            }
            counts[3 * top + left] += 1;
        }
        assert!(counts.iter().all(|count| (410..590).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_rotation_by_right_angles_moves_pixels() {
        let square = [[[1.0f64, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]];
        let close = |one: [[[f64; 3]; 3]; 1], other: [[[f64; 3]; 3]; 1]| {
            let pairs = one.as_flattened().as_flattened().iter().zip(other.as_flattened().as_flattened());
            pairs.into_iter().all(|(one, other)| (one - other).abs() < 1e-12)
        };
        assert!(close(rotated(&square, 90.0), [[[3.0, 6.0, 9.0], [2.0, 5.0, 8.0], [1.0, 4.0, 7.0]]]));
        assert!(close(rotated(&square, 180.0), [[[9.0, 8.0, 7.0], [6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]]));
        assert_eq!(rotated(&square, 0.0), square);
        // By 45°, a corner comes from √2 − 1 beyond the middle of the upper side, where the image ends.
        let [[[corner, middle, _], [_, centre, _], _]] = rotated(&square, 45.0);
        assert!(
            (corner - 2.0 * (2.0 - 2.0f64.sqrt())).abs() < 1e-12 && (centre - 5.0).abs() < 1e-12,
            "{corner} {centre}"
        );
        // √½ above and right of the centre: between 5, 2, 6 and 3.
        let part = 0.5f64.sqrt();
        let expected = (5.0 * (1.0 - part) + 6.0 * part) * (1.0 - part) + (2.0 * (1.0 - part) + 3.0 * part) * part;
        assert!((middle - expected).abs() < 1e-12, "{middle} {expected}");
    }

    #[test]
    fn angles_are_uniform_up_to_the_largest() {
        // How far a bright pixel right of the centre moves down.
        let mut sum = 0.0;
        for seed in 0..500 {
            let mut image = [[[0.0f64; 41]; 41]; 1];
            image[0].iter_mut().for_each(|row| row[40] = 1.0);
            let mut rotated = [image[0]];
            rotate(&mut rotated, 20.0, &mut Random::new(seed));
            let angle = 20.0 * (2.0 * Random::new(seed).uniform() - 1.0);
            assert_eq!(rotated, super::rotated(&image, angle));
            sum += angle.abs();
        }
        assert!((sum / 500.0 - 10.0f64).abs() < 0.8);
    }

    #[test]
    fn noise_and_scale_have_the_spread_they_are_given() {
        let mut sample = [[1.0f64; 100]; 100];
        noise(&mut sample, 0.5, &mut Random::new(1));
        let (mean, square) =
            sample.as_flattened().iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let (mean, square) = (mean / 1e4, square / 1e4);
        assert!((mean - 1.0f64).abs() < 0.02 && ((square - mean * mean).sqrt() - 0.5).abs() < 0.02);
        for seed in 0..100 {
            let mut sample = [2.0f32, -4.0];
            scale(&mut sample, 0.25, &mut Random::new(seed));
            assert!((1.5..=2.5).contains(&sample[0]) && sample[1] == -2.0 * sample[0]);
        }
    }
}
