//! How many threads there are to work on.

use std::error::Error;
use std::sync::OnceLock;

/// The threads of the `rayon` pool that the caller runs in, or of the global one, which this starts: 1 where the system
/// starts no thread, so that the caller does the work itself.
///
/// Asked before `rayon` is, as that panics where its global pool can't be started.
pub(crate) fn available() -> usize {
    static GLOBAL_POOL: OnceLock<bool> = OnceLock::new();
    let is_there = || {
        // WebAssembly has no threads, which `rayon` knows.
        cfg!(target_family = "wasm")
            || rayon::ThreadPoolBuilder::new().build_global().err().is_none_or(|error| {
                // Else it was there already.
                error.source().is_none()
            })
    };
    let is_there = rayon::current_thread_index().is_some() || *GLOBAL_POOL.get_or_init(is_there);
    if is_there { rayon::current_num_threads() } else { 1 }
}
