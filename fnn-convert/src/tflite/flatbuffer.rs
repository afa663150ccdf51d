//! FlatBuffers, as far as a model needs them: tables, vectors and numbers at checked positions of a file.
//!
//! Nothing is believed: a position outside the file is an error, and a vector that doesn't fit into it is one, before
//! anything is allocated for it.

/// What is wrong with a file.
pub(super) type Reason = String;

/// A file.
#[derive(Clone, Copy)]
pub(super) struct Buffer<'a>(pub(super) &'a [u8]);

/// A table: fields by number, each of which may be absent.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    buffer: Buffer<'a>,
    position: usize,
    /// Where its offsets of fields lie, and how many bytes there are.
    fields: (usize, usize),
}

/// A vector of elements of the same size.
#[derive(Clone, Copy)]
pub(super) struct Vector<'a> {
    buffer: Buffer<'a>,
    position: usize,
    length: usize,
}

impl<'a> Buffer<'a> {
    fn bytes<const N: usize>(self, position: usize) -> Result<[u8; N], Reason> {
        let bytes = position.checked_add(N).and_then(|end| self.0.get(position..end));
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| "an offset leads outside the file".into())
    }

    /// Follow the offset at a position.
    fn follow(self, position: usize) -> Result<usize, Reason> {
        let offset = u32::from_le_bytes(self.bytes(position)?) as usize;
        position.checked_add(offset).ok_or_else(|| "an offset leads outside the file".into())
    }

    /// The table that the file begins with.
    pub(super) fn root(self) -> Result<Table<'a>, Reason> {
        self.table(self.follow(0)?)
    }

    fn table(self, position: usize) -> Result<Table<'a>, Reason> {
        let back = i32::from_le_bytes(self.bytes(position)?);
        let start = i64::try_from(position).ok().and_then(|position| position.checked_sub(i64::from(back)));
        let start = start.and_then(|start| usize::try_from(start).ok()).ok_or("an offset leads outside the file")?;
        let size = usize::from(u16::from_le_bytes(self.bytes(start)?));
        if size < 4 || start.checked_add(size).is_none_or(|end| end > self.0.len()) {
            return Err("a table's fields lie outside the file".into());
        }
        Ok(Table { buffer: self, position, fields: (start + 4, size - 4) })
    }

    /// The vector at a position, whose elements have `size` bytes.
    fn vector(self, position: usize, size: usize) -> Result<Vector<'a>, Reason> {
        let length = u32::from_le_bytes(self.bytes(position)?) as usize;
        let start = position + 4;
        let end = length.checked_mul(size).and_then(|bytes| start.checked_add(bytes));
        if end.is_none_or(|end| end > self.0.len()) {
            return Err("a vector ends outside the file".into());
        }
        Ok(Vector { buffer: self, position: start, length })
    }
}

impl<'a> Table<'a> {
    /// Where a field lies, if it is there.
    fn field(&self, number: usize) -> Result<Option<usize>, Reason> {
        if 2 * number + 2 > self.fields.1 {
            return Ok(None);
        }
        let offset = u16::from_le_bytes(self.buffer.bytes(self.fields.0 + 2 * number)?);
        Ok((offset != 0).then(|| self.position + usize::from(offset)))
    }

    pub(super) fn byte(&self, number: usize) -> Result<u8, Reason> {
        Ok(match self.field(number)? {
            Some(position) => self.buffer.bytes::<1>(position)?[0],
            None => 0,
        })
    }

    pub(super) fn integer(&self, number: usize, default: i32) -> Result<i32, Reason> {
        self.field(number)?.map_or(Ok(default), |position| Ok(i32::from_le_bytes(self.buffer.bytes(position)?)))
    }

    pub(super) fn long(&self, number: usize) -> Result<u64, Reason> {
        self.field(number)?.map_or(Ok(0), |position| Ok(u64::from_le_bytes(self.buffer.bytes(position)?)))
    }

    pub(super) fn real(&self, number: usize) -> Result<f32, Reason> {
        self.field(number)?.map_or(Ok(0.0), |position| Ok(f32::from_le_bytes(self.buffer.bytes(position)?)))
    }

    pub(super) fn table(&self, number: usize) -> Result<Option<Table<'a>>, Reason> {
        self.field(number)?.map(|position| self.buffer.table(self.buffer.follow(position)?)).transpose()
    }

    /// A vector, if it is there, whose elements have `size` bytes.
    fn vector(&self, number: usize, size: usize) -> Result<Option<Vector<'a>>, Reason> {
        self.field(number)?.map(|position| self.buffer.vector(self.buffer.follow(position)?, size)).transpose()
    }

    pub(super) fn bytes(&self, number: usize) -> Result<&'a [u8], Reason> {
        let vector = self.vector(number, 1)?;
        Ok(vector.map_or(&[], |vector| &vector.buffer.0[vector.position..vector.position + vector.length]))
    }

    pub(super) fn string(&self, number: usize) -> Result<String, Reason> {
        Ok(String::from_utf8_lossy(self.bytes(number)?).into_owned())
    }

    pub(super) fn integers(&self, number: usize) -> Result<Vec<i32>, Reason> {
        self.vector(number, 4)?.map_or(Ok(Vec::new()), |vector| vector.numbers(i32::from_le_bytes))
    }

    pub(super) fn longs(&self, number: usize) -> Result<Vec<i64>, Reason> {
        self.vector(number, 8)?.map_or(Ok(Vec::new()), |vector| vector.numbers(i64::from_le_bytes))
    }

    pub(super) fn reals(&self, number: usize) -> Result<Vec<f32>, Reason> {
        self.vector(number, 4)?.map_or(Ok(Vec::new()), |vector| vector.numbers(f32::from_le_bytes))
    }

    /// A vector of at most `most` tables.
    pub(super) fn tables(&self, number: usize, most: usize) -> Result<Vec<Table<'a>>, Reason> {
        let Some(vector) = self.vector(number, 4)? else { return Ok(Vec::new()) };
        if vector.length > most {
            return Err(format!("it has a list of {} entries, and at most {most} are read", vector.length));
        }
        let buffer = self.buffer;
        (0..vector.length).map(|index| buffer.table(buffer.follow(vector.position + 4 * index)?)).collect()
    }
}

impl Vector<'_> {
    fn numbers<T, const N: usize>(&self, number: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Reason> {
        (0..self.length).map(|index| Ok(number(self.buffer.bytes(self.position + N * index)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with the number 7 in field 0, nothing in field 1, and the numbers 1, 2 in field 2, after the rules of
    /// FlatBuffers.
    fn file() -> Vec<u8> {
        let mut file = vec![16, 0, 0, 0, 0, 0]; // the root's offset, and padding
        file.extend([10, 0, 12, 0, 4, 0, 0, 0, 8, 0]); // the offsets of fields, which end where the table begins
        file.extend(10i32.to_le_bytes());
        file.extend(7i32.to_le_bytes());
        file.extend(4u32.to_le_bytes()); // from here to the vector
        file.extend(2u32.to_le_bytes());
        file.extend([1, 0, 0, 0, 2, 0, 0, 0]);
        file
    }

    #[test]
    fn fields_are_found() {
        let file = file();
        let table = Buffer(&file).root().unwrap();
        assert_eq!((table.integer(0, 3), table.integer(1, 3), table.integer(9, 3)), (Ok(7), Ok(3), Ok(3)));
        assert_eq!(table.integers(2), Ok(vec![1, 2]));
        assert_eq!(table.integers(1), Ok(vec![]));
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let good = file();
        for place in 0..good.len() {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[place] = value;
                for end in [place, bad.len()] {
                    let Ok(table) = Buffer(&bad[..end]).root() else { continue };
                    for number in 0..4 {
                        let _ = (table.integer(number, 0), table.integers(number), table.longs(number));
                        let _ = (table.tables(number, 10).map(|tables| tables.len()), table.string(number));
                        let _ = table.table(number).map(|table| table.map(|table| table.real(0)));
                    }
                }
            }
        }
    }
}
