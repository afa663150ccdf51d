//! The number of threads that are available.

use std::error::Error;
use std::sync::OnceLock;

/// The number of threads in the `rayon` pool of the caller, or in the global pool, which this starts if necessary. 1
/// if the system cannot start a thread, so that the work runs on the caller's thread.
///
/// Check this before calling `rayon`, which panics if its global pool cannot be started.
pub(crate) fn available() -> usize {
    static GLOBAL_POOL: OnceLock<bool> = OnceLock::new();
    let is_there = || {
        // WebAssembly has no threads, and `rayon` handles that.
        cfg!(target_family = "wasm")
            || rayon::ThreadPoolBuilder::new().build_global().err().is_none_or(|error| {
                // Otherwise the pool was already there.
                error.source().is_none()
            })
    };
    let is_there = rayon::current_thread_index().is_some() || *GLOBAL_POOL.get_or_init(is_there);
    if is_there { rayon::current_num_threads() } else { 1 }
}
