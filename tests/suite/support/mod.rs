//! What the tests share.

pub mod embedded;
pub mod gate;
pub mod http;
pub mod meter;
pub mod people;
pub mod phones;
pub mod queue;
pub mod requests;
pub mod rules;

use shared::domain::{Change, Contact, HomeRegion, Mode, Phone, Region, Upload, UserId};

pub fn user(id: &str) -> UserId {
    id.parse().expect("a user id")
}

pub fn phone(digits: &str) -> Phone {
    digits.parse().expect("a phone")
}

pub fn region() -> Region {
    "US".parse().expect("a region")
}

pub fn home() -> HomeRegion {
    HomeRegion::from(region())
}

pub fn contact(digits: &str, name: &str) -> Contact {
    Contact {
        phone: phone(digits),
        spelling: format!("+{digits}").as_str().into(),
        name: name.parse().expect("a name"),
    }
}

pub fn upload_of(mode: Mode, changes: Vec<Change>) -> Upload {
    Upload { mode, changes: changes.into_iter().enumerate().collect() }
}
