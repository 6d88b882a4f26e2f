//! Columns: numbers and texts as bytes, and their compression.

use super::error::PackError;

/// The compression level of small columns. An ordinary book gets 4 % smaller than at level 9, and
/// takes a millisecond more.
const LEVEL: i32 = 15;
/// From this size on, those 4 % aren't worth several times the time.
const LARGE: usize = 128 * 1024;
/// The compression level of columns of [`LARGE`] bytes and more.
const LEVEL_OF_LARGE: i32 = 9;
/// Ends a text. No UTF-8 contains it, and it packs better than a length.
const END: u8 = 0xFF;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let level = if bytes.len() < LARGE { LEVEL } else { LEVEL_OF_LARGE };
    zstd::bulk::compress(bytes, level).expect("compressing into a growing buffer can't fail")
}

/// Decompresses into as much memory as the frame declares. Fails if that is more than `most` bytes.
pub(super) fn decompress(compressed: &[u8], most: usize) -> Result<Vec<u8>, PackError> {
    let declared =
        zstd::zstd_safe::get_frame_content_size(compressed).map_err(|_| PackError::Compression)?;
    let size = declared.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= most);
    zstd::bulk::decompress(compressed, size.ok_or(PackError::Compression)?)
        .map_err(|_| PackError::Compression)
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_texts(out: &mut Vec<u8>, texts: impl Iterator<Item = impl AsRef<str>>) {
    for text in texts {
        out.extend(text.as_ref().bytes());
        out.push(END);
    }
}

/// A reader of columns, which holds the bytes that are left.
pub(super) struct Columns<'a>(pub &'a [u8]);

impl<'a> Columns<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], PackError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(PackError::Columns)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Result<usize, PackError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(PackError::Columns)
    }

    /// Reads the last column: `count` texts and nothing after them.
    pub(super) fn texts(self, count: usize) -> Result<Vec<&'a str>, PackError> {
        let all = match self.0.split_last() {
            None if count == 0 => return Ok(vec![]),
            Some((&END, all)) => all,
            _ => return Err(PackError::Columns),
        };
        // One text too many is enough to know that there are too many. Hostile bytes may contain
        // very many, because ends take hardly any space when packed.
        let texts: Vec<&str> = all
            .split(|byte| *byte == END)
            .take(count.saturating_add(1))
            .map(|text| std::str::from_utf8(text).map_err(|_| PackError::Columns))
            .collect::<Result<_, _>>()?;
        if texts.len() == count { Ok(texts) } else { Err(PackError::Columns) }
    }
}
