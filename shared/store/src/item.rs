//! Items: reading and writing their attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::StoreError;
use crate::tables::Table;

/// The attributes of an item.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn bytes(value: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// Makes a key or an item of these attributes.
pub(crate) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Attributes {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Reads the attributes of an item, and names the kind of item in errors.
pub(crate) struct Reader<'a> {
    pub table: Table,
    pub kind: &'static str,
    pub item: &'a Attributes,
}

impl<'a> Reader<'a> {
    pub(crate) fn corrupt(&self, what: &'static str) -> StoreError {
        StoreError::Corrupt { table: self.table, kind: self.kind, what }
    }

    /// Returns a text. Fails if it is absent.
    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, StoreError> {
        self.optional_text(name)?.ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn optional_text(&self, name: &'static str) -> Result<Option<&'a str>, StoreError> {
        match self.item.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(value)) => Ok(Some(value)),
            Some(_) => Err(self.corrupt(name)),
        }
    }

    /// Returns a number. Fails if it is absent.
    pub(crate) fn number(&self, name: &'static str) -> Result<u64, StoreError> {
        self.optional_number(name)?.ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn optional_number(&self, name: &'static str) -> Result<Option<u64>, StoreError> {
        match self.item.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(value)) => {
                value.parse().map(Some).map_err(|_| self.corrupt(name))
            }
            Some(_) => Err(self.corrupt(name)),
        }
    }

    pub(crate) fn optional_bytes(
        &self,
        name: &'static str,
    ) -> Result<Option<&'a [u8]>, StoreError> {
        match self.item.get(name) {
            None => Ok(None),
            Some(AttributeValue::B(value)) => Ok(Some(value.as_ref())),
            Some(_) => Err(self.corrupt(name)),
        }
    }

    /// Returns a flag, or `default` if it is absent.
    pub(crate) fn flag(&self, name: &'static str, default: bool) -> Result<bool, StoreError> {
        match self.item.get(name) {
            None => Ok(default),
            Some(AttributeValue::Bool(value)) => Ok(*value),
            Some(_) => Err(self.corrupt(name)),
        }
    }

    /// Returns a text parsed into a type of ours. Fails if it is absent.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| self.corrupt(name))
    }
}
