#![doc = include_str!("../README.md")]

use std::fmt;
use std::sync::{Mutex, PoisonError};

use fnn::Error;
use fnn::train::Exchange;
use mpi::Count;
use mpi::Threading;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};

/// All processes that `mpirun` has started: the ranks of a training.
///
/// MPI is initialized when it is created, and finalized when it is dropped. All ranks create and drop it.
///
/// MPI itself ends all processes if one of them is killed or loses its connection; a training that writes checkpoints can then
/// be resumed, with any number of ranks.
pub struct World {
    communicator: SimpleCommunicator,
    memory: Mutex<Memory>,
    // Last, because dropping it finalizes MPI.
    _universe: Universe,
}

/// Memory for a call, allocated once.
#[derive(Default)]
struct Memory {
    own: Vec<u8>,
    sent: Parts,
    received: Parts,
}

/// The lengths of parts, and where they begin.
#[derive(Default)]
struct Parts {
    counts: Vec<Count>,
    starts: Vec<Count>,
}

// SAFETY: the communicator is a handle of MPI, which was initialized for calls from any thread, one at a time; it is used only
// while `memory` is locked, or to end the process.
unsafe impl Sync for World {}

impl World {
    /// Initialize MPI.
    ///
    /// # Errors
    /// If it was initialized before, or if the MPI library supports calls from only one thread.
    pub fn new() -> Result<Self, Error> {
        let Some((universe, threading)) = mpi::initialize_with_threading(Threading::Serialized) else {
            return Err(Error::other("MPI: expected a process that has not initialized it, found a second `World`"));
        };
        if threading < Threading::Serialized {
            return Err(Error::other(format!(
                "MPI: expected a library that supports calls from several threads, one at a time (MPI_THREAD_SERIALIZED), found \
                 {threading:?}"
            )));
        }
        Ok(Self { communicator: universe.world(), memory: Mutex::default(), _universe: universe })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The other ranks would wait for this one forever.
        if std::thread::panicking() {
            self.abandon("it has panicked");
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("rank", &self.rank()).field("ranks", &self.ranks()).finish_non_exhaustive()
    }
}

impl Exchange for World {
    fn rank(&self) -> usize {
        usize::try_from(self.communicator.rank()).unwrap_or(0)
    }

    fn ranks(&self) -> usize {
        usize::try_from(self.communicator.size()).unwrap_or(1)
    }

    fn all_gather(&self, bytes: &mut [u8], lengths: &[usize]) -> Result<(), Error> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let Memory { own, received, .. } = &mut *memory;
        received.set(lengths, (self.ranks(), bytes.len()))?;
        let (rank, start) = (self.rank(), lengths.iter().take(self.rank()).sum::<usize>());
        own.clear();
        own.extend_from_slice(&bytes[start..start + lengths[rank]]);
        let mut nothing = [0];
        let mut all = PartitionMut::new(somewhere_mut(bytes, &mut nothing), &*received.counts, &*received.starts);
        self.communicator.all_gather_varcount_into(somewhere(own), &mut all);
        Ok(())
    }

    fn all_to_all(
        &self,
        sent: &[u8],
        sent_lengths: &[usize],
        received: &mut [u8],
        received_lengths: &[usize],
    ) -> Result<(), Error> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let ranks = self.ranks();
        memory.sent.set(sent_lengths, (ranks, sent.len()))?;
        memory.received.set(received_lengths, (ranks, received.len()))?;
        let Memory { sent: from, received: to, .. } = &*memory;
        let mut nothing = [0];
        let sent = Partition::new(somewhere(sent), &*from.counts, &*from.starts);
        let mut received = PartitionMut::new(somewhere_mut(received, &mut nothing), &*to.counts, &*to.starts);
        self.communicator.all_to_all_varcount_into(&sent, &mut received);
        Ok(())
    }

    /// Prints the reason, and ends the processes of all ranks.
    fn abandon(&self, reason: &str) {
        eprintln!("rank {} cannot go on: {reason}", self.rank());
        self.communicator.abort(1);
    }
}

/// The same bytes. An empty slice may have the address 1, which is Open MPI's `MPI_IN_PLACE`; this one has another.
fn somewhere(bytes: &[u8]) -> &[u8] {
    static NOTHING: [u8; 1] = [0];
    if bytes.is_empty() { &NOTHING[..0] } else { bytes }
}

/// As [`somewhere`].
fn somewhere_mut<'a>(bytes: &'a mut [u8], nothing: &'a mut [u8; 1]) -> &'a mut [u8] {
    if bytes.is_empty() { &mut nothing[..0] } else { bytes }
}

impl Parts {
    /// Parts of these lengths, one after the other: one for each rank, and all bytes.
    fn set(&mut self, lengths: &[usize], (ranks, bytes): (usize, usize)) -> Result<(), Error> {
        // MPI's counts are 32-bit integers.
        let (Ok(_), true) = (Count::try_from(bytes), lengths.iter().sum::<usize>() == bytes && lengths.len() == ranks)
        else {
            return Err(Error::other(format!(
                "MPI: expected a length for each of {ranks} ranks, and at most {} bytes in all, found {} lengths and {bytes} \
                 bytes",
                Count::MAX,
                lengths.len()
            )));
        };
        self.counts.clear();
        self.starts.clear();
        let mut end = 0;
        for &length in lengths {
            // At most `bytes`, so that nothing is lost.
            self.counts.push(length as Count);
            self.starts.push(end);
            end += length as Count;
        }
        Ok(())
    }
}
