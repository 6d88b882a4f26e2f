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
    Tables::from_fn(|table| table.to_string())
}

/// Returns the tables: their names, their keys, and whether they have a stream.
pub(crate) fn layouts() -> impl Iterator<Item = (String, &'static [&'static str], bool)> {
    let layout =
        |table: Table| (table.to_string(), table.key_names(), matches!(table, Table::Users));
    let checkpoints: &[&str] = &["stream"];
    Table::ALL.into_iter().map(layout).chain([(CHECKPOINTS.to_owned(), checkpoints, false)])
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
