#![doc = include_str!("../README.md")]

mod details;
mod export;
mod import;
mod line;
mod lines;
mod mistake;
mod person;
mod time;

pub use export::{Named, Roll, export, find, roll};
pub use import::{Counts, Failure, Import, ImportError, Imported, Step, Watch};
pub use mistake::Mistake;
pub use person::{Account, LeftOut, Person, PersonBook, Read};
