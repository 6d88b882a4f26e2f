//! A line as it is written. `docs/PEOPLE.md` says what each field means.

use model::Details;
use serde::{Deserialize, Serialize};

use crate::details;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonLine {
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub books: Vec<BookLine>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccountLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(deserialize_with = "details::deserialize")]
    pub profile: Details,
    pub choices: ChoicesLine,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChoicesLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discoverable_by_phone: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announce_me: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_me: Option<bool>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_region: Option<String>,
    pub contacts: Vec<ContactLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactLine {
    pub name: String,
    pub phone: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matched: Option<u64>,
}
