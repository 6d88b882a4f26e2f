//! The push inbox, which gets the pushes in place of phones.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Subscription;
use protocol::push::{Delivery, EndpointError, Endpoints, Push, Pusher, Token};
use serde::Serialize;
use serde_json::json;
use store::token_hash;

use crate::journal::Journal;

/// How many pushes are kept. Older ones are deleted.
const CAPACITY: usize = 1_000;

/// A push as the inbox shows it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct InboxPush {
    pub user_id: String,
    pub device_udid: String,
    pub text: String,
    pub data: PushData,
}

/// What a push tells the app.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PushData {
    /// The joiner's public id.
    pub id: u32,
    /// The joiner's phone, in canonical digits.
    pub phone: String,
}

/// All pushes of this process, newest first.
#[derive(Clone, Default)]
pub struct Inbox {
    pushes: Arc<Mutex<VecDeque<InboxPush>>>,
    journal: Journal,
}

impl Inbox {
    /// Makes an inbox that notes each push in `journal`.
    pub(crate) fn noting(journal: Journal) -> Self {
        Self { journal, ..Self::default() }
    }

    /// Returns the pushes, newest first.
    #[must_use]
    pub fn pushes(&self) -> Vec<InboxPush> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<InboxPush>> {
        self.pushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pusher for Inbox {
    async fn push(&self, subscription: &Subscription, push: &Push) -> Delivery {
        let push = InboxPush {
            user_id: subscription.user.as_str().to_owned(),
            device_udid: subscription.device.as_str().to_owned(),
            text: push.text.clone(),
            data: PushData { id: push.joiner.get(), phone: push.phone.digits().to_owned() },
        };
        self.journal.note("push", json!(push), &[]);
        let mut pushes = self.lock();
        pushes.truncate(CAPACITY - 1);
        pushes.push_front(push);
        Delivery::Sent
    }
}

impl Endpoints for Inbox {
    /// Returns the token's endpoint, which is made from its hash.
    async fn register(&self, token: Token<'_>) -> Result<String, EndpointError> {
        Ok(format!("inbox:{}", token_hash(token.token)))
    }

    fn is_current(&self, subscription: &Subscription) -> bool {
        subscription.endpoint.starts_with("inbox:")
    }

    async fn remove(&self, _endpoint: &str) -> Result<(), EndpointError> {
        Ok(())
    }
}
