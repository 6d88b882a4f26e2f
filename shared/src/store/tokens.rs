//! Subscriptions again: whose each push token is. One item per token hash, written with the subscription
//! that has the token, in one transaction.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::error::{StoreError, outcome};
use super::item::{Attributes, Reader, item, number, text};
use super::keys::{TOKEN_SORT_KEY, token_key};
use super::subscriptions::{Subscription, key};
use super::{Keys, Outcome, Store};

/// Where a token is in use.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenUse {
    pk: String,
    sk: String,
    subscribed_at_ms: u64,
    /// The endpoint that the token has there.
    pub endpoint: String,
    /// Somebody removes that endpoint until then, in milliseconds since 1970: nobody may count on it.
    pub leaving_until_ms: Option<u64>,
}

/// The condition that a token is in use as it was seen to be, by the same subscription and since the same
/// time. Whether it is leaving is of no matter to whoever takes it away.
const USED: &str = "used_pk = :used_pk AND used_sk = :used_sk AND subscribed_at_ms = :since";

/// Hidden: the keys hold a user id and a `udid`, and whoever has the endpoint can push to it.
impl std::fmt::Debug for TokenUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenUse(…)")
    }
}

impl TokenUse {
    pub(super) fn by(keys: &Keys, subscription: &Subscription) -> Self {
        Self {
            pk: keys.subscriber_key(&subscription.user),
            sk: keys.device_key(subscription.channel.name(), &subscription.device),
            subscribed_at_ms: subscription.subscribed_at_ms,
            endpoint: subscription.endpoint.clone(),
            leaving_until_ms: None,
        }
    }

    /// The key of the subscription that has the token.
    pub(super) fn subscription_key(&self) -> Attributes {
        key(&self.pk, &self.sk)
    }

    /// The condition on that subscription, that it is still the one.
    pub(super) fn subscription_condition(&self) -> (&'static str, Attributes) {
        let values = item([(":since", number(self.subscribed_at_ms))]);
        ("attribute_not_exists(pk) OR subscribed_at_ms = :since", values)
    }

    fn attributes(&self, token_hash: &str) -> Attributes {
        let Self { pk, sk, subscribed_at_ms, endpoint, leaving_until_ms } = self;
        let mut attributes = item_key(token_hash);
        attributes.extend(item([
            ("used_pk", text(pk)),
            ("used_sk", text(sk)),
            ("subscribed_at_ms", number(*subscribed_at_ms)),
            ("endpoint", text(endpoint)),
        ]));
        attributes.extend(leaving_until_ms.map(|until| ("leaving_until_ms".to_owned(), number(until))));
        attributes
    }

    fn values(&self) -> Attributes {
        item([(":used_pk", text(&self.pk)), (":used_sk", text(&self.sk)), (":since", number(self.subscribed_at_ms))])
    }

    fn read(item: &Attributes) -> Result<Self, StoreError> {
        let reader = Reader { table: "Subscriptions (token)", item };
        Ok(Self {
            pk: reader.text("used_pk")?.to_owned(),
            sk: reader.text("used_sk")?.to_owned(),
            subscribed_at_ms: reader.number("subscribed_at_ms")?,
            endpoint: reader.text("endpoint")?.to_owned(),
            leaving_until_ms: reader.optional_number("leaving_until_ms")?,
        })
    }
}

fn item_key(token_hash: &str) -> Attributes {
    key(&token_key(token_hash), TOKEN_SORT_KEY)
}

impl Store {
    pub(super) async fn read_token_use(&self, token_hash: &str) -> Result<Option<TokenUse>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.subscriptions)
            .set_key(Some(item_key(token_hash)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::call("GetItem", &error))?;
        answer.item.map(|item| TokenUse::read(&item)).transpose()
    }

    /// Gives the token to `next`, if it still is where it was `seen`, and nobody has begun to remove its
    /// endpoint since.
    pub(super) fn token_put(&self, next: &Subscription, seen: Option<&TokenUse>) -> TransactWriteItem {
        let attributes = TokenUse::by(&self.keys, next).attributes(&next.token_hash);
        let Some(seen) = seen else { return self.subscriptions_put(attributes, "attribute_not_exists(pk)", None) };
        let mut values = seen.values();
        let leaving = match seen.leaving_until_ms {
            None => "attribute_not_exists(leaving_until_ms)",
            Some(until) => {
                values.insert(":until".to_owned(), number(until));
                "leaving_until_ms = :until"
            }
        };
        self.subscriptions_put(attributes, &format!("{USED} AND {leaving}"), Some(values))
    }

    /// Takes the token away from `seen`, if it is still there.
    pub(super) fn token_delete(&self, seen: &Subscription) -> TransactWriteItem {
        let condition = format!("attribute_not_exists(pk) OR ({USED})");
        self.subscriptions_delete(item_key(&seen.token_hash), &condition, TokenUse::by(&self.keys, seen).values())
    }

    pub(super) async fn mark_leaving(&self, seen: &Subscription, until_ms: u64) -> Result<Outcome, StoreError> {
        let leaving = TokenUse { leaving_until_ms: Some(until_ms), ..TokenUse::by(&self.keys, seen) };
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.subscriptions)
            .set_item(Some(leaving.attributes(&seen.token_hash)))
            .condition_expression(USED)
            .set_expression_attribute_values(Some(leaving.values()))
            .send()
            .await;
        outcome("PutItem", sent)
    }
}
