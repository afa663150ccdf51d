//! A message built without a heap, also at compile time.

use core::fmt;

use crate::shape::Shape;

/// A message of at most 800 bytes; the rest is cut off.
///
/// It is written in place: passed by value, each piece of a message would take another 800 bytes of the stack in a build
/// without optimization.
#[derive(Clone, Copy)]
pub(crate) struct ConstMessage {
    bytes: [u8; 800],
    length: usize,
}

impl ConstMessage {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 800], length: 0 }
    }

    /// A message about a layer.
    pub(crate) const fn of(layer: &str) -> Self {
        let mut message = Self::new();
        message.text("layer `").text(layer).text("`: ");
        message
    }

    pub(crate) const fn text(&mut self, text: &str) -> &mut Self {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() && self.length < self.bytes.len() {
            self.bytes[self.length] = text[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    /// Untrusted text: everything but printable ASCII is escaped, so that it can't hide or reorder the rest of a
    /// message.
    pub(crate) const fn escaped(&mut self, mut text: &str) -> &mut Self {
        while let Some((character, rest)) = split_first(text) {
            match (character, core::str::from_utf8(&[character as u8])) {
                (' '..='~', Ok(character)) => self.text(character),
                _ => self.text("\\u{").hexadecimal(character as u32).text("}"),
            };
            text = rest;
        }
        self
    }

    const fn hexadecimal(&mut self, number: u32) -> &mut Self {
        const DIGITS: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];
        if number >= 16 {
            self.hexadecimal(number / 16);
        }
        self.text(DIGITS[(number % 16) as usize])
    }

    /// The position of the element at `index` in an array of this shape, such as `[1, 0]`.
    pub(crate) const fn position(&mut self, shape: &Shape, index: usize) -> &mut Self {
        self.text("[");
        let mut axis = 0;
        while axis < shape.rank() {
            // The number of elements per index of this axis.
            let (mut inner, mut next) = (1, axis + 1);
            while next < shape.rank() {
                inner *= shape.size(next);
                next += 1;
            }
            if axis > 0 {
                self.text(", ");
            }
            self.number(index / inner % shape.size(axis));
            axis += 1;
        }
        self.text("]")
    }

    pub(crate) const fn number(&mut self, number: usize) -> &mut Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        if number >= 10 {
            self.number(number / 10);
        }
        self.text(DIGITS[number % 10])
    }

    pub(crate) const fn large(&mut self, number: u64) -> &mut Self {
        if number < 1_000_000_000 {
            return self.number(number as usize);
        }
        let last = (number % 1_000_000_000) as usize;
        self.large(number / 1_000_000_000);
        let mut next = 100_000_000;
        while next > 1 && last < next {
            self.text("0");
            next /= 10;
        }
        self.number(last)
    }

    pub(crate) const fn shape(&mut self, shape: &Shape) -> &mut Self {
        self.text("[");
        let mut axis = 0;
        while axis < shape.rank() {
            if axis > 0 {
                self.text(", ");
            }
            self.number(shape.size(axis));
            axis += 1;
        }
        self.text("]")
    }

    /// Whether there is no message yet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// 8 digits of a hash.
    pub(crate) const fn hash(&mut self, hash: u32) -> &mut Self {
        let mut digit = 8;
        while digit > 0 {
            digit -= 1;
            self.hexadecimal(hash >> (4 * digit) & 15);
        }
        self
    }

    /// How many bytes are left.
    pub(crate) const fn room(&self) -> usize {
        self.bytes.len() - self.length
    }

    /// Panics with the message: the compile error.
    #[track_caller]
    pub(crate) const fn say(&self) -> ! {
        panic!("{}", self.as_str())
    }

    /// The message so far.
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

/// The first character of a text, and the rest: const functions can't use iterators.
const fn split_first(text: &str) -> Option<(char, &str)> {
    let [first, ..] = text.as_bytes() else { return None };
    let length = match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    };
    let Some((character, rest)) = text.split_at_checked(length) else { return None };
    let bits = match *character.as_bytes() {
        [a] => a as u32,
        [a, b] => (a as u32 & 0x1f) << 6 | b as u32 & 0x3f,
        [a, b, c] => (a as u32 & 0xf) << 12 | (b as u32 & 0x3f) << 6 | c as u32 & 0x3f,
        [a, b, c, d] => (a as u32 & 7) << 18 | (b as u32 & 0x3f) << 12 | (c as u32 & 0x3f) << 6 | d as u32 & 0x3f,
        _ => return None,
    };
    match char::from_u32(bits) {
        Some(character) => Some((character, rest)),
        None => None,
    }
}

impl fmt::Display for ConstMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_foreign_origin_are_escaped_as_rust_escapes_them() {
        for text in ["conv1.weight", "\u{202e}gnp.\t\x1b[2J", "größe", "数\u{10ffff}\u{7f}", "\r\n", "🦀"] {
            let escaped = text.chars().map(|character| match character {
                ' '..='~' => character.to_string(),
                _ => character.escape_unicode().to_string(),
            });
            assert_eq!(ConstMessage::new().escaped(text).as_str(), escaped.collect::<String>());
        }
    }

    #[test]
    fn positions_are_row_by_row() {
        let shape = Shape::SCALAR.repeated(4).repeated(3).repeated(2);
        assert_eq!(ConstMessage::new().position(&shape, 0).as_str(), "[0, 0, 0]");
        assert_eq!(ConstMessage::new().position(&shape, 4 * 3 + 2 * 4 + 1).as_str(), "[1, 2, 1]");
        assert_eq!(ConstMessage::new().position(&Shape::SCALAR, 0).as_str(), "[]");
    }
}
