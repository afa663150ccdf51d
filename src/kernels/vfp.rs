//! The multiply-adds of the floating-point unit of a Cortex-M4F, which stable Rust reaches only by their names, and only in
//! loops that read and write memory: operands of `asm!` can't be its registers.
//!
//! `vmla` rounds the product and the sum, as plain loops do; `vfma` rounds once. Both take as long.

use core::arch::asm;

/// `a · b + sum`, rounded once.
#[cfg(fnn_fused)]
#[inline(always)]
pub(super) fn multiply_add(a: f32, b: f32, mut sum: f32) -> f32 {
    // SAFETY: the target has the instructions, which have no side effects that Rust knows of.
    unsafe {
        asm!(
            "vmov s0, {sum}
             vmov s1, {a}
             vmov s2, {b}
             vfma.f32 s0, s1, s2
             vmov {sum}, s0",
            sum = inout(reg) sum, a = in(reg) a, b = in(reg) b, out("s0") _, out("s1") _, out("s2") _,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sum
}

/// A tap: the products of the weights of four filters with the inputs of four places.
macro_rules! tap {
    ($multiply_add:literal $x0:literal $x1:literal $x2:literal $x3:literal: $one:literal $two:literal $three:literal $four:literal) => {
        concat!(
            tap!($multiply_add $one: "s0" $x0, "s1" $x1, "s2" $x2, "s3" $x3),
            tap!($multiply_add $two: "s4" $x0, "s5" $x1, "s6" $x2, "s7" $x3),
            tap!($multiply_add $three: "s8" $x0, "s9" $x1, "s10" $x2, "s11" $x3),
            tap!($multiply_add $four: "s12" $x0, "s13" $x1, "s14" $x2, "s15" $x3),
        )
    };
    ($multiply_add:literal $weight:literal: $($sum:literal $x:literal),*) => {
        concat!($($multiply_add, " ", $sum, ", ", $x, ", ", $weight, "\n"),*)
    };
}

/// [`Vector::add_tile`](super::vector::Vector::add_tile) by an instruction: all sums, and two taps at a time, in registers.
macro_rules! add_tile {
    ($(#[$meta:meta])* $name:ident $multiply_add:literal) => {
        $(#[$meta])*
        #[inline(never)]
        pub(super) fn $name(rows: [&[f32]; 4], inputs: &[[f32; 4]], sums: &mut [[f32; 4]; 4]) {
            let taps = inputs.len();
            if taps == 0 || rows.iter().any(|row| row.len() < taps) {
                return;
            }
            let [one, two, three, four] = rows.map(|row| row.as_ptr());
            // SAFETY: the target has the instructions. For each tap, its inputs and a weight of each row are read, two taps at a time,
            // where an odd number begins with one; and 16 sums are read and written.
            unsafe {
                asm!(
                    "vldmia {sums}, {{s0-s15}}
                     lsrs {turns}, {taps}, #1
                     bcc 2f
                     vldmia {inputs}!, {{s16-s19}}
                     vldmia {one}!, {{s24}}
                     vldmia {two}!, {{s26}}
                     vldmia {three}!, {{s28}}
                     vldmia {four}!, {{s30}}",
                    tap!($multiply_add "s16" "s17" "s18" "s19": "s24" "s26" "s28" "s30"),
                    "2: cmp {turns}, #0
                     beq 4f",
                    // Two taps: 39 instructions for 32 products.
                    "3: vldmia {inputs}!, {{s16-s23}}
                     vldmia {one}!, {{s24-s25}}
                     vldmia {two}!, {{s26-s27}}
                     vldmia {three}!, {{s28-s29}}
                     vldmia {four}!, {{s30-s31}}",
                    tap!($multiply_add "s16" "s17" "s18" "s19": "s24" "s26" "s28" "s30"),
                    tap!($multiply_add "s20" "s21" "s22" "s23": "s25" "s27" "s29" "s31"),
                    "subs {turns}, #1
                     bne 3b
                     4: vstmia {sums}, {{s0-s15}}",
                    sums = in(reg) sums, taps = in(reg) taps, turns = out(reg) _, inputs = inout(reg) inputs.as_ptr() => _,
                    one = inout(reg) one => _, two = inout(reg) two => _, three = inout(reg) three => _, four = inout(reg) four => _,
                    out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
                    out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _, out("s15") _,
                    out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _,
                    out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _, out("s29") _, out("s30") _, out("s31") _,
                    options(nostack),
                );
            }
        }
    };
}
add_tile!(
    /// Product and sum are rounded.
    add_tile "vmla.f32"
);
#[cfg(fnn_fused)]
add_tile!(
    /// Rounded once.
    add_tile_fused "vfma.f32"
);
