//! What all instruction sets of a processor compute.

use std::sync::{Mutex, PoisonError};

use fnn::simd::InstructionSet;

/// The selected instruction set is one for the whole process.
static SELECTION: Mutex<()> = Mutex::new(());

/// What `compute` returns on each instruction set that there is, the best one first.
pub(crate) fn on_each<R>(mut compute: impl FnMut(InstructionSet) -> R) -> Vec<(InstructionSet, R)> {
    let _guard = SELECTION.lock().unwrap_or_else(PoisonError::into_inner);
    let best = InstructionSet::current();
    let all = [
        InstructionSet::Avx512,
        InstructionSet::Avx2,
        InstructionSet::Neon,
        InstructionSet::Simd128,
        InstructionSet::Portable,
    ];
    let found = all.into_iter().filter(|set| set.select() == *set).collect::<Vec<_>>();
    let results = found.into_iter().map(|set| (set, compute(set.select()))).collect();
    best.select();
    results
}

/// The results are equal within each family.
pub(crate) fn assert_families<R: PartialEq>(results: &[(InstructionSet, R)], what: &str) {
    for is_fused in [true, false] {
        let mut family = results.iter().filter(|(set, _)| set.is_fused() == is_fused);
        let Some((first, expected)) = family.next() else { continue };
        family
            .for_each(|(set, found)| assert!(found == expected, "{what}: {set:?} computes other bits than {first:?}"));
    }
}
