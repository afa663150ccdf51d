//! Exchanges between the computers that train one network.

mod in_process;

pub use in_process::InProcess;

use crate::error::{Error, Mismatch};

/// Exchanges bytes between *ranks*: the processes, on one computer or several, that train one network together.
///
/// [`Trainer::fit_on`](crate::Trainer::fit_on) and [`Sweep::run_on`](crate::train::Sweep::run_on) take one. [`InProcess`]
/// has ranks that are threads of one process, and `()` is a single rank.
///
/// All ranks make the same calls in the same order, with lengths that fit each other. A call waits for the other ranks.
/// Calls come from one thread at a time, but not always from the same one.
///
/// # Errors
/// An implementation that notices that another rank is gone returns [`Error::Rank`]. It may also end the process: a
/// training that writes checkpoints can be resumed with any number of ranks.
pub trait Exchange: Sync {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// The number of ranks.
    fn ranks(&self) -> usize;

    /// Give every rank the same bytes: those from rank 0, then those from rank 1, and so on, which have these lengths.
    ///
    /// Before the call, `bytes` has those from this rank in their place.
    ///
    /// # Errors
    /// Another rank is gone.
    fn all_gather(&self, bytes: &mut [u8], lengths: &[usize]) -> Result<(), Error>;

    /// Send other bytes to each rank: to rank 0 the first `sent_lengths[0]` of `sent`, to rank 1 the next
    /// `sent_lengths[1]`, and so on; `received` gets those from each rank, in the same order.
    ///
    /// # Errors
    /// Another rank is gone.
    fn all_to_all(
        &self,
        sent: &[u8],
        sent_lengths: &[usize],
        received: &mut [u8],
        received_lengths: &[usize],
    ) -> Result<(), Error>;

    /// Tell the other ranks that this one cannot go on, so that they don't wait for it. Does not wait.
    fn abandon(&self, reason: &str);

    /// The result of this rank, or [`Error::Rank`] if that of another rank is an error: all ranks go on, or none.
    ///
    /// For what a program does before or after a training, such as reading files. Trainings do it themselves.
    ///
    /// # Errors
    /// The error of this rank or another one.
    fn agree<T>(&self, result: Result<T, Error>) -> Result<T, Error>
    where
        Self: Sized,
    {
        if self.ranks() == 1 {
            return result;
        }
        let text = result.as_ref().err().map_or(String::new(), |error| format!("{error} "));
        let texts = gather_texts(self, &text)?;
        let failed = texts.iter().enumerate().find(|(_, text)| !text.is_empty());
        match (result, failed) {
            (Ok(_), Some((rank, reason))) => Err(Error::Rank { rank, reason: reason.trim_end().into() }),
            (result, _) => result,
        }
    }
}

/// A single rank, which has nothing to exchange.
impl Exchange for () {
    #[inline(always)]
    fn rank(&self) -> usize {
        0
    }

    #[inline(always)]
    fn ranks(&self) -> usize {
        1
    }

    #[inline(always)]
    fn all_gather(&self, _: &mut [u8], _: &[usize]) -> Result<(), Error> {
        Ok(())
    }

    #[inline(always)]
    fn all_to_all(&self, sent: &[u8], _: &[usize], received: &mut [u8], _: &[usize]) -> Result<(), Error> {
        received.iter_mut().zip(sent).for_each(|(received, sent)| *received = *sent);
        Ok(())
    }

    fn abandon(&self, _: &str) {}
}

impl<X: Exchange> Exchange for &X {
    #[inline(always)]
    fn rank(&self) -> usize {
        (**self).rank()
    }

    #[inline(always)]
    fn ranks(&self) -> usize {
        (**self).ranks()
    }

    #[inline(always)]
    fn all_gather(&self, bytes: &mut [u8], lengths: &[usize]) -> Result<(), Error> {
        (**self).all_gather(bytes, lengths)
    }

    #[inline(always)]
    fn all_to_all(
        &self,
        sent: &[u8],
        sent_lengths: &[usize],
        received: &mut [u8],
        received_lengths: &[usize],
    ) -> Result<(), Error> {
        (**self).all_to_all(sent, sent_lengths, received, received_lengths)
    }

    fn abandon(&self, reason: &str) {
        (**self).abandon(reason);
    }
}

/// Compare this rank with the others in fields, each a name and a value.
///
/// # Errors
/// [`Error::Ranks`], the same on all ranks.
pub(crate) fn compare(exchange: &dyn Exchange, fields: &[(String, String)]) -> Result<(), Error> {
    let [between, after] = SEPARATORS;
    let text: String = fields.iter().map(|(name, value)| format!("{name}{between}{value}{after}")).collect();
    let texts = gather_texts(exchange, &text)?;
    let Some(first) = texts.first() else { return Ok(()) };
    let Some((rank, other)) = texts.iter().enumerate().find(|(_, text)| *text != first) else { return Ok(()) };
    Err(Error::Ranks { rank, mismatches: differences(first, other) })
}

/// Between the name of a field and its value, and after the value: in no text.
const SEPARATORS: [char; 2] = ['\u{1f}', '\u{1e}'];

/// The fields that differ.
fn differences(expected: &str, found: &str) -> Vec<Mismatch> {
    let [between, after] = SEPARATORS;
    let fields = |text: &'_ str| -> Vec<(String, String)> {
        let fields = text.split_terminator(after).filter_map(|field| field.split_once(between));
        fields.map(|(name, value)| (name.into(), value.into())).collect()
    };
    let pairs = fields(expected).into_iter().zip(fields(found)).filter(|(expected, found)| expected != found);
    pairs
        .map(|((field, expected), (_, found))| Mismatch {
            field,
            expected: format!("`{expected}`"),
            found: format!("`{found}`"),
        })
        .collect()
}

/// The text of each rank, on every rank.
///
/// # Errors
/// An exchange that fails, or that didn't give this rank what the ranks have sent.
pub(crate) fn gather_texts(exchange: &dyn Exchange, text: &str) -> Result<Vec<String>, Error> {
    let (rank, ranks) = (exchange.rank(), exchange.ranks());
    if rank >= ranks {
        let (expected, found) = ("a rank below the number of ranks", format!("rank {rank} of {ranks}"));
        return Err(Error::Setting { name: "exchange", expected, found });
    }
    let mut numbers = vec![[0; size_of::<u64>()]; ranks];
    numbers[rank] = (text.len() as u64).to_le_bytes();
    exchange.all_gather(numbers.as_flattened_mut(), &vec![size_of::<u64>(); ranks])?;
    let lengths: Vec<_> = numbers.into_iter().map(|number| u64::from_le_bytes(number) as usize).collect();
    let mut bytes = Vec::new();
    // An exchange may return anything, whose sum may overflow.
    let sum = lengths.iter().try_fold(0, |sum: usize, &length| sum.checked_add(length));
    let sum = sum.filter(|&sum| lengths[rank] == text.len() && bytes.try_reserve_exact(sum).is_ok());
    let Some(sum) = sum else {
        let (expected, found) = (
            "one that passes on what ranks send",
            format!("texts of {lengths:?} bytes, and rank {rank} has sent {}", text.len()),
        );
        return Err(Error::Setting { name: "exchange", expected, found });
    };
    bytes.resize(sum, 0);
    let start = lengths[..rank].iter().sum::<usize>();
    bytes[start..start + text.len()].copy_from_slice(text.as_bytes());
    exchange.all_gather(&mut bytes, &lengths)?;
    let mut rest = &bytes[..];
    let text = |&length: &usize| {
        let (text, after) = rest.split_at(length);
        rest = after;
        String::from_utf8_lossy(text).into_owned()
    };
    Ok(lengths.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns numbers that no rank has sent.
    struct Faulty;

    impl Exchange for Faulty {
        fn rank(&self) -> usize {
            1
        }

        fn ranks(&self) -> usize {
            2
        }

        fn all_gather(&self, bytes: &mut [u8], _: &[usize]) -> Result<(), Error> {
            bytes.fill(0xff);
            Ok(())
        }

        fn all_to_all(&self, _: &[u8], _: &[usize], received: &mut [u8], _: &[usize]) -> Result<(), Error> {
            received.fill(0xff);
            Ok(())
        }

        fn abandon(&self, _: &str) {}
    }

    #[test]
    fn an_exchange_that_returns_anything_is_an_error() {
        let error = gather_texts(&Faulty, "seed").unwrap_err().to_string();
        assert!(error.contains("exchange") && error.contains("texts of"), "{error}");
    }
}
