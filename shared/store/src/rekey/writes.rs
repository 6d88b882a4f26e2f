//! Reading and writing many items of a table, and counting the units.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    ConsumedCapacity, DeleteRequest, KeysAndAttributes, PutRequest, ReturnConsumedCapacity,
    WriteRequest,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::mirror::Page;
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

/// What writes took.
pub(crate) struct Written {
    pub units: f64,
}

pub(crate) fn units(consumed: Option<&[ConsumedCapacity]>) -> f64 {
    consumed.unwrap_or_default().iter().filter_map(|used| used.capacity_units).sum()
}

/// Puts and deletes items, in batches.
pub(crate) async fn write_each(
    store: &Store,
    table: Table,
    puts: Vec<Attributes>,
    deletes: Vec<Attributes>,
) -> Result<Written, StoreError> {
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
    let written: Vec<f64> = stream::iter(batches)
        .map(|batch| write_batch(store, table, batch))
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(Written { units: written.iter().sum() })
}

async fn write_batch(
    store: &Store,
    table: Table,
    batch: Vec<WriteRequest>,
) -> Result<f64, StoreError> {
    const OPERATION: &str = "BatchWriteItem";
    let mut open = HashMap::from([(store.tables.name(table).to_owned(), batch)]);
    let (mut used, mut retry) = (0.0, Retry::new(Backoff::THROTTLE));
    loop {
        let sent = store
            .client
            .batch_write_item()
            .set_request_items(Some(open))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let answer = sent.map_err(|error| StoreError::call(OPERATION, table, &error))?;
        used += units(answer.consumed_capacity.as_deref());
        open = answer.unprocessed_items.unwrap_or_default();
        if open.is_empty() {
            return Ok(used);
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
) -> Result<Page, StoreError> {
    let batches: Vec<_> = keys.chunks(KEYS_PER_CALL).map(<[_]>::to_vec).collect();
    let pages: Vec<Page> = stream::iter(batches)
        .map(|batch| read_batch(store, table, batch, names))
        .buffer_unordered(CALLS_AT_ONCE)
        .try_collect()
        .await?;
    let units = pages.iter().map(|page| page.units).sum();
    Ok(Page { items: pages.into_iter().flat_map(|page| page.items).collect(), units })
}

async fn read_batch(
    store: &Store,
    table: Table,
    batch: Vec<Attributes>,
    names: &[&str],
) -> Result<Page, StoreError> {
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
    let (mut page, mut retry) = (Page { items: vec![], units: 0.0 }, Retry::new(Backoff::THROTTLE));
    loop {
        let sent = store
            .client
            .batch_get_item()
            .set_request_items(Some(open))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let answer = sent.map_err(|error| StoreError::call(OPERATION, table, &error))?;
        page.units += units(answer.consumed_capacity.as_deref());
        page.items.extend(answer.responses.unwrap_or_default().remove(name).unwrap_or_default());
        open = answer.unprocessed_keys.unwrap_or_default();
        if open.is_empty() {
            return Ok(page);
        }
        if !retry.wait().await {
            return Err(StoreError::Throttled { operation: OPERATION, table });
        }
    }
}
