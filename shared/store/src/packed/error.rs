//! Errors of unpacking.

/// The bytes aren't a packed book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The format byte names no known format.
    #[error("unknown format")]
    Format,
    /// The bytes can't be decompressed, or would become more than a book may have.
    #[error("can't be decompressed")]
    Compression,
    /// The columns end too early, don't agree with each other, or hold values that no contact has.
    #[error("malformed columns")]
    Columns,
}
