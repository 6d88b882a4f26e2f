//! `import` and `export`: people as lines of JSON. The crate `people` does the work.

mod export;
mod import;
mod private_file;

pub use self::export::{ExportArgs, Exported};
pub(crate) use self::export::{run as export, tell as tell_export};
pub(crate) use self::import::run as import;
pub use self::import::{ImportArgs, ImportOutcome};
