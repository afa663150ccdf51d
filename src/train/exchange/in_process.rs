//! Ranks that are threads of one process.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use super::Exchange;
use crate::error::Error;

/// Bytes, or why the sender has ended.
type Message = Result<Vec<u8>, String>;

/// A rank that is a thread of this process, connected to the others by channels: to try out a program for several
/// computers, and to test it.
///
/// It is no faster than one rank with several [`threads`](crate::Trainer::threads).
///
/// ```
/// use fnn::{DataSet, Network, Trainer, layers::Dense, losses::MeanSquaredError, optimizers::Sgd};
/// use fnn::train::{InProcess, Progress};
///
/// let line: DataSet<[f32; 1], [f32; 1]> = (0..99).map(|x| x as f32 / 99.0).map(|x| ([x], [2.0 * x])).collect();
/// let trainer = || {
///     let network = Dense::<1, 1>::seeded(1);
///     Trainer::new(network, MeanSquaredError, Sgd::new(0.5)).batch_size(96).epochs(9).progress(Progress::Silent)
/// };
/// let alone = trainer().fit(&line)?.network;
/// std::thread::scope(|scope| {
///     for rank in InProcess::ranks(3) {
///         let (line, alone) = (&line, &alone);
///         scope.spawn(move || assert_eq!(trainer().fit_on(&rank, line).unwrap().network, *alone));
///     }
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct InProcess {
    rank: usize,
    /// To each rank, this one included.
    to: Vec<Sender<Message>>,
    /// From each rank.
    from: Mutex<Vec<Receiver<Message>>>,
}

impl InProcess {
    /// This many ranks, each for a thread. They are used up if a training ends in an error.
    #[must_use]
    pub fn ranks(count: usize) -> Vec<Self> {
        let mut to: Vec<Vec<_>> = (0..count).map(|_| Vec::with_capacity(count)).collect();
        let mut from: Vec<Vec<_>> = (0..count).map(|_| Vec::with_capacity(count)).collect();
        for to in &mut to {
            for from in &mut from {
                let (sender, receiver) = channel();
                to.push(sender);
                from.push(receiver);
            }
        }
        let ranks = to.into_iter().zip(from).enumerate();
        ranks.map(|(rank, (to, from))| Self { rank, to, from: Mutex::new(from) }).collect()
    }

    fn send(&self, to: usize, bytes: &[u8]) -> Result<(), Error> {
        self.to[to].send(Ok(bytes.into())).map_err(|_| gone(to))
    }

    fn receive(&self, from: usize, bytes: &mut [u8]) -> Result<(), Error> {
        // A panic elsewhere leaves the receivers as they are.
        let receivers = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        match receivers[from].recv() {
            Ok(Ok(message)) if message.len() == bytes.len() => {
                bytes.copy_from_slice(&message);
                Ok(())
            }
            Ok(Ok(message)) => {
                let reason = format!("expected {} bytes from it, found {}", bytes.len(), message.len());
                Err(Error::Rank { rank: from, reason })
            }
            Ok(Err(reason)) => Err(Error::Rank { rank: from, reason }),
            Err(_) => Err(gone(from)),
        }
    }
}

/// The error about a rank that was dropped.
fn gone(rank: usize) -> Error {
    Error::Rank { rank, reason: "it has ended".into() }
}

impl Exchange for InProcess {
    fn rank(&self) -> usize {
        self.rank
    }

    fn ranks(&self) -> usize {
        self.to.len()
    }

    fn all_gather(&self, bytes: &mut [u8], lengths: &[usize]) -> Result<(), Error> {
        let mut parts = parts(bytes, lengths);
        let mine = parts.get_mut(self.rank).map(std::mem::take).unwrap_or_default();
        let others = || (0..self.to.len()).filter(|&other| other != self.rank);
        others().try_for_each(|to| self.send(to, mine))?;
        others().try_for_each(|from| parts.get_mut(from).map_or(Ok(()), |part| self.receive(from, part)))
    }

    fn all_to_all(
        &self,
        mut sent: &[u8],
        sent_lengths: &[usize],
        received: &mut [u8],
        received_lengths: &[usize],
    ) -> Result<(), Error> {
        for (to, &length) in (0..self.to.len()).zip(sent_lengths) {
            let (part, rest) = sent.split_at(length.min(sent.len()));
            self.send(to, part)?;
            sent = rest;
        }
        let mut parts = (0..self.to.len()).zip(parts(received, received_lengths));
        parts.try_for_each(|(from, part)| self.receive(from, part))
    }

    fn abandon(&self, reason: &str) {
        // Ranks that have ended don't wait.
        self.to.iter().for_each(|to| drop(to.send(Err(reason.into()))));
    }
}

/// The parts of these lengths.
fn parts<'a>(mut bytes: &'a mut [u8], lengths: &[usize]) -> Vec<&'a mut [u8]> {
    let part = |&length: &usize| {
        let length = length.min(bytes.len());
        let (part, rest) = std::mem::take(&mut bytes).split_at_mut(length);
        bytes = rest;
        part
    };
    lengths.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Runs `work` on each of the ranks.
    fn on_each(count: usize, work: impl Fn(&InProcess) + Sync) {
        thread::scope(|scope| {
            for rank in InProcess::ranks(count) {
                let work = &work;
                scope.spawn(move || work(&rank));
            }
        });
    }

    #[test]
    fn every_rank_gets_the_bytes_of_all_in_order() {
        on_each(3, |rank| {
            let (mut bytes, lengths) = ([0; 6], [1, 0, 5]);
            match rank.rank() {
                0 => bytes[0] = 7,
                2 => bytes[1..].copy_from_slice(&[1, 2, 3, 4, 5]),
                _ => {}
            }
            rank.all_gather(&mut bytes, &lengths).unwrap();
            assert_eq!(bytes, [7, 1, 2, 3, 4, 5]);
        });
    }

    #[test]
    fn every_rank_gets_what_was_sent_to_it() {
        on_each(3, |rank| {
            let number = rank.rank() as u8;
            // To rank r, r numbers.
            let (sent, mut received) = ([10 * number + 1, 10 * number + 2, 10 * number + 2], vec![0; 3 * rank.rank()]);
            rank.all_to_all(&sent, &[0, 1, 2], &mut received, &[rank.rank(); 3]).unwrap();
            let expected: &[u8] = [&[][..], &[1, 11, 21], &[2, 2, 12, 12, 22, 22]][rank.rank()];
            assert_eq!(received, expected);
        });
    }

    #[test]
    fn a_rank_that_has_ended_is_an_error_on_the_others() {
        on_each(3, |rank| match rank.rank() {
            0 => {}
            1 => rank.abandon("no more power"),
            _ => {
                let receive = |from| rank.receive(from, &mut [0]).unwrap_err().to_string();
                assert_eq!(receive(0), "rank 0 cannot go on: it has ended");
                assert_eq!(receive(1), "rank 1 cannot go on: no more power");
            }
        });
    }

    #[test]
    fn calls_that_do_not_fit_each_other_are_errors() {
        on_each(2, |rank| {
            let length = 1 + rank.rank();
            let error = rank.all_gather(&mut vec![0; 2 * length], &[length; 2]).unwrap_err().to_string();
            assert!(error.contains("expected") && error.contains("bytes"), "{error}");
        });
    }
}
