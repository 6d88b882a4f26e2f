//! The tables of the designs with an item per contact.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};

use support::people::Person;

pub const USERS: &str = "BaselineUsers";
pub const BY_PHONE: &str = "by-phone";

pub type Item = HashMap<String, AttributeValue>;

/// Whether the items of contacts have an index on the phone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Items {
    Indexed,
    Plain,
}

impl Items {
    /// Returns the name of the contacts' table.
    pub const fn contacts(self) -> &'static str {
        match self {
            Self::Indexed => "BaselineContacts",
            Self::Plain => "PlainContacts",
        }
    }

    pub async fn create_tables(self, client: &Client) {
        let contacts = client.create_table().table_name(self.contacts());
        let contacts = match self {
            Self::Indexed => contacts.global_secondary_indexes(by_phone()),
            Self::Plain => contacts,
        };
        for (table, keys) in [
            (contacts, &["user_id", "phone"][..]),
            (client.create_table().table_name(USERS), &["phone"]),
        ] {
            let table = table
                .set_key_schema(Some(schema(keys)))
                .set_attribute_definitions(Some(keys.iter().map(|key| text_key(key)).collect()));
            table.billing_mode(BillingMode::PayPerRequest).send().await.expect("created");
        }
    }
}

fn by_phone() -> GlobalSecondaryIndex {
    GlobalSecondaryIndex::builder()
        .index_name(BY_PHONE)
        .set_key_schema(Some(schema(&["phone", "user_id"])))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .expect("name and keys are set")
}

fn text_key(name: &str) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .expect("name and type are set")
}

fn schema(keys: &[&str]) -> Vec<KeySchemaElement> {
    let kinds = [KeyType::Hash, KeyType::Range];
    let element = |(key, kind): (&&str, KeyType)| {
        KeySchemaElement::builder()
            .attribute_name(*key)
            .key_type(kind)
            .build()
            .expect("name and type are set")
    };
    keys.iter().zip(kinds).map(element).collect()
}

/// Returns the key of a contact.
pub fn key(user: &str, phone: &str) -> Item {
    HashMap::from([string("user_id", user), string("phone", phone)])
}

pub fn contact(user: &str, person: &Person) -> Item {
    let mut item = key(user, &person.digits());
    item.extend([string("name", &person.name), string("phone_as_uploaded", &person.phone)]);
    item
}

/// Returns the item of a user with this number.
pub fn user(subject: &str, number: usize, person: &Person) -> Item {
    let numeral = |name: &str, value: String| (name.to_owned(), AttributeValue::N(value));
    HashMap::from([
        string("phone", &person.digits()),
        string("user_id", subject),
        numeral("id", number.to_string()),
        numeral("created_at_ms", "1700000000123".to_owned()),
    ])
}

fn string(name: &str, value: &str) -> (String, AttributeValue) {
    (name.to_owned(), AttributeValue::S(value.to_owned()))
}
