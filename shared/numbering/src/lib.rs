#![doc = include_str!("../README.md")]

mod canonical;
mod country;
mod digits;
mod extension;
mod fold;
mod home;
mod international;
mod national;
mod phone;
mod plan;
mod reading;
mod region;
mod renumbered;
mod reread;
mod version;

pub use canonical::{canonical, is_international};
pub use home::HomeRegion;
pub use phone::{Phone, PhoneError};
pub use region::{Region, RegionError};
pub use reread::reread;
pub use version::{METADATA_VERSION, READING_VERSION};
