//! What a training loop of one's own knows of where it is.

use crate::layer::Chance;

/// What chance begins with, and how many steps were taken.
///
/// Aligned as an `f32` is on every target, so that buffers of those are as large on a chip as on a workstation, without
/// bytes that belong to nothing.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub(super) struct LoopState {
    pub(super) seed: u64,
    pub(super) steps: u64,
}

impl LoopState {
    /// What chance depends on in the next step, which is counted.
    #[inline]
    pub(super) const fn next(&mut self) -> Chance<'static> {
        let chance = Chance::of_step(self.seed, self.steps);
        self.steps = self.steps.wrapping_add(1);
        chance
    }
}

/// The public face of a field `state`.
macro_rules! loop_state_methods {
    () => {
        /// What chance, that is dropout, begins with: 0, unless it is set.
        #[must_use]
        pub const fn seed(&self) -> u64 {
            self.state.seed
        }

        /// Begin chance with `seed`.
        pub const fn set_seed(&mut self, seed: u64) {
            self.state.seed = seed;
        }

        /// How many steps were taken, each mini-batch being one.
        #[must_use]
        pub const fn steps(&self) -> u64 {
            self.state.steps
        }

        /// Go on as after so many steps, as a training does that was stopped: the next one drops what it would have.
        pub const fn set_steps(&mut self, steps: u64) {
            self.state.steps = steps;
        }
    };
}
pub(super) use loop_state_methods;
