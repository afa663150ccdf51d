//! The number of threads that are available, and two jobs on two of them.

use std::error::Error;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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

/// How often a thread that waits looks for work, some ten microseconds, before it leaves that to `rayon`.
const LOOKS: usize = 256;

/// Runs two jobs, on two threads if there are.
///
/// `rayon` calls the system each time that it finds nothing to do, which often takes longer than the rest of the other job.
#[inline(never)]
pub(crate) fn join(left: &mut (dyn FnMut() + Send), right: &mut (dyn FnMut() + Send)) {
    let (is_taken, is_done) = (AtomicBool::new(false), AtomicBool::new(false));
    let left = || {
        left();
        // What no other thread has taken, this one runs next.
        let mut looks = if is_taken.load(Relaxed) { LOOKS } else { 0 };
        while looks > 0 && !is_done.load(Relaxed) {
            match rayon::yield_now() {
                Some(rayon::Yield::Executed) => looks = LOOKS,
                _ => {
                    looks -= 1;
                    core::hint::spin_loop();
                }
            }
        }
    };
    let right = || {
        is_taken.store(true, Relaxed);
        right();
        is_done.store(true, Relaxed);
    };
    rayon::join(left, right);
}
