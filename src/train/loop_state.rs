//! The position of a custom training loop: its seed and its step count.

use crate::layer::Chance;

/// The seed of the dropout masks, and the number of steps taken.
///
/// Aligned like an `f32` on every target, so that buffers of `f32` have the same size on a microcontroller and a
/// workstation, without padding.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub(super) struct LoopState {
    pub(super) seed: u64,
    pub(super) steps: u64,
}

impl LoopState {
    /// The randomness of the next step. Counts the step.
    #[inline]
    pub(super) const fn next(&mut self) -> Chance<'static> {
        let chance = Chance::of_step(self.seed, self.steps);
        self.steps = self.steps.wrapping_add(1);
        chance
    }
}

/// The public accessors of a field `state`.
macro_rules! loop_state_methods {
    () => {
        /// The seed of the dropout masks. The default is 0.
        #[must_use]
        pub const fn seed(&self) -> u64 {
            self.state.seed
        }

        /// Set the seed of the dropout masks.
        pub const fn set_seed(&mut self, seed: u64) {
            self.state.seed = seed;
        }

        /// The number of steps taken, one for each mini-batch.
        #[must_use]
        pub const fn steps(&self) -> u64 {
            self.state.steps
        }

        /// Set the number of steps taken, to resume a stopped training: the next step draws the mask that it would
        /// have drawn.
        pub const fn set_steps(&mut self, steps: u64) {
            self.state.steps = steps;
        }
    };
}
pub(super) use loop_state_methods;
