//! The tables as `template.yaml` declares them; a test compares the two.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamSpecification, StreamViewType,
};
use store::{Table, Tables};

/// The table in which the local server notes how far it has read the stream, and how far its clock
/// was moved on.
pub(crate) const CHECKPOINTS: &str = "LocalCheckpoints";

/// Returns the names of the local tables.
#[must_use]
pub fn tables() -> Tables {
    Tables {
        address_books: "AddressBooks".to_owned(),
        contact_owners: "ContactOwners".to_owned(),
        users: "Users".to_owned(),
        subscriptions: "Subscriptions".to_owned(),
        claims: "Claims".to_owned(),
        budgets: "Budgets".to_owned(),
        sessions: "Sessions".to_owned(),
    }
}

/// Returns the tables: their names, their keys, and whether they have a stream.
pub(crate) fn layouts() -> [(String, &'static [&'static str], bool); 8] {
    let Tables { address_books, contact_owners, users, subscriptions, claims, budgets, sessions } =
        tables();
    [
        (address_books, Table::AddressBooks.key_names(), false),
        (contact_owners, Table::ContactOwners.key_names(), false),
        (users, Table::Users.key_names(), true),
        (subscriptions, Table::Subscriptions.key_names(), false),
        (claims, Table::Claims.key_names(), false),
        (budgets, Table::Budgets.key_names(), false),
        (sessions, Table::Sessions.key_names(), false),
        (CHECKPOINTS.to_owned(), &["stream"], false),
    ]
}

/// Creates the tables that don't exist yet.
///
/// # Errors
/// The error of CreateTable.
pub async fn create_tables(client: &Client) -> Result<(), SdkError<CreateTableError>> {
    for (name, keys, streamed) in layouts() {
        create_table(client, &name, keys, streamed).await?;
    }
    Ok(())
}

/// Gives a table that is to be created its keys, all of them texts, and pays for each request.
#[must_use]
pub fn keyed(table: CreateTableFluentBuilder, keys: &[&str]) -> CreateTableFluentBuilder {
    let table = table.billing_mode(BillingMode::PayPerRequest);
    keys.iter().zip([KeyType::Hash, KeyType::Range]).fold(table, |table, (key, kind)| {
        let definition = AttributeDefinition::builder()
            .attribute_name(*key)
            .attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(*key).key_type(kind);
        table
            .attribute_definitions(definition.build().expect("name and type are set"))
            .key_schema(element.build().expect("name and type are set"))
    })
}

async fn create_table(
    client: &Client,
    name: &str,
    keys: &[&str],
    streamed: bool,
) -> Result<(), SdkError<CreateTableError>> {
    let mut table = keyed(client.create_table().table_name(name), keys);
    if streamed {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages);
        table = table.stream_specification(stream.build().expect("enabled is set"));
    }
    match table.send().await {
        Ok(_) => Ok(()),
        // An earlier run has created the table.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
