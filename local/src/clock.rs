//! The clock of the local server, which can be moved on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use model::{Clock, SystemClock};

use crate::schema::CHECKPOINTS;

/// The key of the item that remembers how far the clock is ahead. The other items of its table are
/// named by streams, which all begin with `arn:`.
const REMEMBERED: &str = "clock";

/// The machine's clock, and how far it was moved on. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct LocalClock {
    ahead_ms: Arc<AtomicU64>,
}

impl Clock for LocalClock {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms().saturating_add(self.ahead_ms())
    }
}

impl LocalClock {
    /// Returns by how many milliseconds the clock is ahead of the machine's.
    #[must_use]
    pub fn ahead_ms(&self) -> u64 {
        self.ahead_ms.load(Ordering::SeqCst)
    }

    /// Moves the clock on.
    pub(crate) fn move_on(&self, by_ms: u64) {
        self.ahead_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// Notes in the database how far the clock is ahead. The data has times of this clock, so they
    /// must not come from the future after a restart.
    pub(crate) async fn remember(&self, client: &Client) -> Result<(), aws_sdk_dynamodb::Error> {
        let ahead = AttributeValue::N(self.ahead_ms().to_string());
        let name = AttributeValue::S(REMEMBERED.to_owned());
        let put = client.put_item().table_name(CHECKPOINTS);
        put.item("stream", name).item("ahead_ms", ahead).send().await?;
        Ok(())
    }

    /// Moves the clock to where it was when the database was last open.
    pub(crate) async fn recall(&self, client: &Client) -> Result<(), aws_sdk_dynamodb::Error> {
        let name = AttributeValue::S(REMEMBERED.to_owned());
        let read = client.get_item().table_name(CHECKPOINTS).key("stream", name).send().await?;
        let ahead = read.item.as_ref().and_then(|item| item.get("ahead_ms"));
        if let Some(ahead) = ahead.and_then(|ahead| ahead.as_n().ok()?.parse().ok()) {
            self.ahead_ms.store(ahead, Ordering::SeqCst);
        }
        Ok(())
    }
}
