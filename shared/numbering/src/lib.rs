#![doc = include_str!("../README.md")]

mod canonical;
mod digits;
mod fold;
mod home;
mod phone;
mod plan;
mod region;

pub use canonical::{canonical, is_international};
pub use home::HomeRegion;
pub use phone::{Phone, PhoneError};
pub use region::{Region, RegionError};
