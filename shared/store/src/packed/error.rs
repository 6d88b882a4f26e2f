//! Bytes that can't be unpacked.

/// Bytes that aren't a packed book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The format byte is of no known format.
    #[error("unknown format")]
    Format,
    /// The bytes don't decompress, or to more than a book may have.
    #[error("can't be decompressed")]
    Compression,
    /// The columns end too early, don't agree with each other, or hold what no contact can.
    #[error("malformed columns")]
    Columns,
}
