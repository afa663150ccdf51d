//! What a kernel checks before it uses pointers.

/// `assert!` in the crate's own tests, where sizes that don't fit are a kernel's mistake. Elsewhere nothing, whatever the profile: hidden
/// functions pass any sizes, and a kernel computes nothing of those that don't fit.
macro_rules! assert_in_tests {
    ($($condition_and_message:tt)*) => {
        if cfg!(test) {
            assert!($($condition_and_message)*);
        }
    };
}
pub(crate) use assert_in_tests;
