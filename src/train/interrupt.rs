//! Ctrl-C as a stop flag.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crate::error::Error;

/// A flag that is set by Ctrl-C, for [`Trainer::stop_flag`](crate::Trainer::stop_flag): training ends after the step,
/// with a checkpoint, the best weights and the history. A second Ctrl-C ends the process at once, with exit code 130.
///
/// The first call installs the handler of the process, in place of another one. The flag stays set, so further trainings
/// with it end before their first step. A program with a handler of its own sets a flag of its own in it instead.
///
/// ```no_run
/// # use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Sgd};
/// use fnn::train::{Stopped, interrupt_flag};
///
/// # let line: DataSet<[f32; 1], [f32; 1]> = (0..10).map(|x| x as f32 / 10.0).map(|x| ([x], [2.0 * x])).collect();
/// let trainer = Trainer::new(Dense::<1, 1>::seeded(1), MeanSquaredError, Sgd::new(0.5)).epochs(1_000_000);
/// let trained = trainer.checkpoint("runs/line").resume("runs/line").stop_flag(interrupt_flag()?).fit(&line)?;
/// if trained.history.stopped == Some(Stopped::Flag) {
///     println!("interrupted: start again to continue");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] if the system refuses the handler, or if crate `ctrlc` has installed another one.
pub fn interrupt_flag() -> Result<&'static AtomicBool, Error> {
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
    /// 128 and the number of the signal, as shells report it.
    const EXIT_CODE: i32 = 130;

    let installed = INSTALLED.get_or_init(|| {
        let handler = || {
            if INTERRUPTED.swap(true, SeqCst) {
                std::process::exit(EXIT_CODE);
            }
        };
        // Also where the signal was ignored, as in a process that a script has started in the background.
        ctrlc::set_handler(handler).map_err(|error| error.to_string())
    });
    match installed {
        Ok(()) => Ok(&INTERRUPTED),
        Err(found) => {
            let expected = "a process in which Ctrl-C can be handled";
            Err(Error::Setting { name: "interrupt flag", expected, found: found.clone() })
        }
    }
}
