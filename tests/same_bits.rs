//! The choice of the instruction set.

#![cfg(feature = "std")]

use std::sync::{Mutex, PoisonError};

use fnn::simd::InstructionSet;

/// The selected instruction set is one for the whole process.
static SELECTION: Mutex<()> = Mutex::new(());

/// What `compute` returns on each instruction set that there is, the best one first.
fn on_each<R>(compute: impl Fn() -> R) -> Vec<(InstructionSet, R)> {
    let _guard = SELECTION.lock().unwrap_or_else(PoisonError::into_inner);
    let best = InstructionSet::current();
    let all = [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Neon, InstructionSet::Portable];
    let found = all.into_iter().filter(|set| set.select() == *set).collect::<Vec<_>>();
    let results = found.into_iter().map(|set| (set.select(), compute())).collect();
    best.select();
    results
}

#[test]
fn an_instruction_set_can_be_selected_and_others_are_left_alone() {
    let sets: Vec<_> = on_each(InstructionSet::current);
    assert!(!sets.is_empty() && sets.iter().all(|(selected, current)| selected == current));
    let _guard = SELECTION.lock().unwrap_or_else(PoisonError::into_inner);
    let best = InstructionSet::current();
    assert_eq!((best, InstructionSet::Avx512.select()), (sets[0].0, best));
    assert!(InstructionSet::Neon.select() <= InstructionSet::Neon || sets.len() == 1);
    assert_eq!(best.select(), best);
}
