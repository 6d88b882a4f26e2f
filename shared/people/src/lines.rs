//! The lines of a file, one after the other.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// A line that isn't blank.
pub(crate) struct Line {
    /// The first line of a file is 1.
    pub number: u64,
    pub bytes: Vec<u8>,
}

/// Reads a file line by line.
pub(crate) struct Lines {
    reader: BufReader<File>,
    number: u64,
}

impl Lines {
    /// Opens a file. An import reads it several times, so it can't be a pipe.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it isn't a file"));
        }
        Ok(Self { reader: BufReader::with_capacity(1 << 16, file), number: 0 })
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut bytes = vec![];
            if self.reader.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if !bytes.trim_ascii().is_empty() {
                return Ok(Some(Line { number: self.number, bytes }));
            }
        }
    }
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
