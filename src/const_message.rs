//! A sentence that is put together without a heap, also at compile time.

use core::fmt;

use crate::shape::Shape;

/// A sentence of at most so many bytes; more are cut off.
#[derive(Clone, Copy)]
pub(crate) struct ConstMessage {
    bytes: [u8; 400],
    length: usize,
}

impl ConstMessage {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 400], length: 0 }
    }

    /// A sentence about a layer.
    pub(crate) const fn of(layer: &str) -> Self {
        Self::new().text("layer `").text(layer).text("`: ")
    }

    pub(crate) const fn text(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() && self.length < self.bytes.len() {
            self.bytes[self.length] = text[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    pub(crate) const fn number(self, number: usize) -> Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let rest = if number >= 10 { self.number(number / 10) } else { self };
        rest.text(DIGITS[number % 10])
    }

    pub(crate) const fn large(self, number: u64) -> Self {
        if number < 1_000_000_000 {
            return self.number(number as usize);
        }
        let last = (number % 1_000_000_000) as usize;
        let mut sentence = self.large(number / 1_000_000_000);
        let mut next = 100_000_000;
        while next > 1 && last < next {
            sentence = sentence.text("0");
            next /= 10;
        }
        sentence.number(last)
    }

    pub(crate) const fn shape(mut self, shape: &Shape) -> Self {
        self = self.text("[");
        let mut axis = 0;
        while axis < shape.rank() {
            if axis > 0 {
                self = self.text(", ");
            }
            self = self.number(shape.size(axis));
            axis += 1;
        }
        self.text("]")
    }

    /// The compile error.
    #[track_caller]
    pub(crate) const fn say(&self) -> ! {
        panic!("{}", self.as_str())
    }

    /// What it says.
    pub(crate) const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.length);
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => match core::str::from_utf8(text.split_at(error.valid_up_to()).0) {
                Ok(text) => text,
                Err(_) => "",
            },
        }
    }
}

impl fmt::Display for ConstMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
