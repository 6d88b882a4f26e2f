//! Public ids. They are drawn from one counter, in blocks, so that sign-ups don't all write one item.
//!
//! A process keeps its block in memory. Blocks of one process double in size, from 1 id to
//! [`LARGEST_BLOCK`]. So a process that ends throws away at most one id more than it gave, and of
//! the 2,147,483,647 ids at least half are given. The counter only grows, so no two blocks overlap.
//!
//! An id that a deployment gives to a user raises the counter to itself, so ids are drawn only from
//! those above. A process that drew the id in its block before finds it taken, and draws anew.

use std::sync::Arc;

use aws_sdk_dynamodb::types::ReturnValue;
use tokio::sync::Mutex;

use crate::accounts::user_key;
use crate::error::StoreError;
use crate::item::{Reader, number};
use crate::keys::COUNTER_KEY;
use crate::store::Store;
use crate::tables::Table;
use crate::write::Condition;

/// Most ids in one block. DynamoDB takes some 1,000 writes of one item a second, so this is enough
/// for some 100,000 sign-ups a second.
const LARGEST_BLOCK: u64 = 100;
/// The greatest public id: clients read ids as signed integers of 32 bits.
const GREATEST_ID: u64 = i32::MAX as u64;

/// The ids that a process has drawn and not given yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids(Arc<Mutex<Block>>);

#[derive(Debug, Default)]
struct Block {
    /// The next id to give.
    next: u64,
    /// The first number after the block.
    end: u64,
    /// How many ids the block had at first.
    size: u64,
    /// How many ids no process has drawn, until somebody asks.
    left: Option<u64>,
}

impl Ids {
    /// Forgets the block. What is left of it is never given.
    pub(crate) async fn forget(&self) {
        let mut block = self.0.lock().await;
        block.next = block.end;
    }
}

impl Store {
    /// Returns an id that no call has returned before, in any process. If two calls of one process
    /// find their block used up, one of them draws the next block and the other waits.
    pub(crate) async fn next_id(&self) -> Result<u64, StoreError> {
        let mut block = self.ids.0.lock().await;
        if block.next == block.end {
            let size = (block.size * 2).clamp(1, LARGEST_BLOCK);
            let drawn = self.raise_counter(size).await?;
            let left = Some(GREATEST_ID.saturating_sub(drawn));
            *block = Block { next: drawn + 1 - size, end: drawn + 1, size, left };
        }
        block.next += 1;
        Ok(block.next - 1)
    }

    /// Returns how many ids no process has drawn, if this process has drawn a block since the last
    /// call.
    pub async fn take_ids_left(&self) -> Option<u64> {
        self.ids.0.lock().await.left.take()
    }

    /// Reads up to which number public ids are drawn, strongly consistent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drawn_ids(&self) -> Result<u64, StoreError> {
        let counter = self.get(Table::Users, user_key(COUNTER_KEY)).await?.unwrap_or_default();
        let reader = Reader { table: Table::Users, kind: "counter", item: &counter };
        Ok(reader.optional_number("drawn")?.unwrap_or(0))
    }

    /// Sees to it that public ids are drawn above this number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_drawn_ids_to(&self, drawn: u64) -> Result<(), StoreError> {
        self.raise_counter_to(drawn).await
    }

    /// Raises the counter to `id`, unless it is there already.
    pub(crate) async fn raise_counter_to(&self, id: u64) -> Result<(), StoreError> {
        let below =
            Condition::new("attribute_not_exists(drawn) OR drawn < :id", [(":id", number(id))]);
        let key = user_key(COUNTER_KEY);
        self.update(Table::Users, key, "SET drawn = :id", below).await.map(|_| ())
    }

    /// Adds `numbers` to the counter, and returns what it is then. If the SDK repeats a call whose
    /// answer was lost, the numbers of the first one are never given.
    async fn raise_counter(&self, numbers: u64) -> Result<u64, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(self.tables.name(Table::Users))
            .set_key(Some(user_key(COUNTER_KEY)))
            .update_expression("ADD drawn :numbers")
            .expression_attribute_values(":numbers", number(numbers))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| StoreError::call("UpdateItem", Table::Users, &error))?;
        let item = answer.attributes.unwrap_or_default();
        Reader { table: Table::Users, kind: "counter", item: &item }.number("drawn")
    }
}
