//! What the page in `page/` calls: networks on points of the plane, a network of two units that is trained step by step, and
//! networks that read digits.
//!
//! The page and the module exchange numbers, as arguments and results of functions. Longer results lie in the module's memory: a
//! function returns how many there are, and [`exchange`] where. There is one page per instance, and it has one thread.

#[cfg(feature = "digits")]
pub mod digits;
pub mod exchange;
pub mod networks;
pub mod plane;
pub mod points;
pub mod run;
pub mod step;
