//! Reading and writing many items of a table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::StoreError;
use crate::item::Attributes;
use crate::retry::{Backoff, Retry};
use crate::store::Store;
use crate::tables::Table;

/// Most writes in one BatchWriteItem (AWS limit).
const WRITES_PER_CALL: usize = 25;
/// Most keys in one BatchGetItem (AWS limit).
const KEYS_PER_CALL: usize = 100;
/// Most calls in flight at once.
const CALLS_AT_ONCE: usize = 8;

/// Puts and deletes items, in batches.
pub(crate) async fn write_each(
    store: &Store,
    table: Table,
    puts: Vec<Attributes>,
    deletes: Vec<Attributes>,
) -> Result<(), StoreError> {
    let put = |item| {
        let put = PutRequest::builder().set_item(Some(item)).build().expect("an item is set");
        WriteRequest::builder().put_request(put).build()
    };
    let delete = |key| {
        let delete = DeleteRequest::builder().set_key(Some(key)).build().expect("a key is set");
        WriteRequest::builder().delete_request(delete).build()
    };
    let requests: Vec<WriteRequest> =
        puts.into_iter().map(put).chain(deletes.into_iter().map(delete)).collect();
    let batches: Vec<_> = requests.chunks(WRITES_PER_CALL).map(<[_]>::to_vec).collect();
    stream::iter(batches)
        .map(|batch| write_batch(store, table, batch))
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect()
        .await
}

async fn write_batch(
    store: &Store,
    table: Table,
    batch: Vec<WriteRequest>,
) -> Result<(), StoreError> {
    const OPERATION: &str = "BatchWriteItem";
    let mut open = HashMap::from([(store.tables.name(table).to_owned(), batch)]);
    let mut retry = Retry::new(Backoff::THROTTLE);
    loop {
        let sent = store.client.batch_write_item().set_request_items(Some(open)).send().await;
        let answer = sent.map_err(|error| StoreError::call(OPERATION, table, &error))?;
        open = answer.unprocessed_items.unwrap_or_default();
        if open.is_empty() {
            return Ok(());
        }
        if !retry.wait().await {
            return Err(StoreError::Throttled { operation: OPERATION, table });
        }
    }
}

/// Reads those items of `keys` that exist, strongly consistent; of each only the attributes that are
/// named, or all if none is.
pub(crate) async fn read_each(
    store: &Store,
    table: Table,
    keys: Vec<Attributes>,
    names: &[&str],
) -> Result<Vec<Attributes>, StoreError> {
    let batches: Vec<_> = keys.chunks(KEYS_PER_CALL).map(<[_]>::to_vec).collect();
    stream::iter(batches)
        .map(|batch| read_batch(store, table, batch, names))
        .buffer_unordered(CALLS_AT_ONCE)
        .try_concat()
        .await
}

async fn read_batch(
    store: &Store,
    table: Table,
    batch: Vec<Attributes>,
    names: &[&str],
) -> Result<Vec<Attributes>, StoreError> {
    const OPERATION: &str = "BatchGetItem";
    let mut keys = KeysAndAttributes::builder().set_keys(Some(batch)).consistent_read(true);
    if !names.is_empty() {
        let placeholders: Vec<String> = names.iter().map(|name| format!("#{name}")).collect();
        keys = keys.projection_expression(placeholders.join(", "));
        for name in names {
            keys = keys.expression_attribute_names(format!("#{name}"), *name);
        }
    }
    let name = store.tables.name(table);
    let mut open = HashMap::from([(name.to_owned(), keys.build().expect("keys are set"))]);
    let (mut items, mut retry) = (vec![], Retry::new(Backoff::THROTTLE));
    loop {
        let sent = store.client.batch_get_item().set_request_items(Some(open)).send().await;
        let answer = sent.map_err(|error| StoreError::call(OPERATION, table, &error))?;
        items.extend(answer.responses.unwrap_or_default().remove(name).unwrap_or_default());
        open = answer.unprocessed_keys.unwrap_or_default();
        if open.is_empty() {
            return Ok(items);
        }
        if !retry.wait().await {
            return Err(StoreError::Throttled { operation: OPERATION, table });
        }
    }
}
