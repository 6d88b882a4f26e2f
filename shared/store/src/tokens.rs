//! Tokens, in Subscriptions: who each push token belongs to. There is one item per token hash. It
//! is written in one transaction with the subscription that has the token.

use model::{Subscription, hide_debug};

use crate::error::StoreError;
use crate::item::{Attributes, Reader, item, number, text};
use crate::keyring::Keyring;
use crate::keys::{subscriptions_key, token_item_key};
use crate::store::Store;
use crate::tables::Table;
use crate::write::{Condition, Outcome, Write};

/// The use of a push token: which subscription has it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TokenUse {
    pk: String,
    sk: String,
    subscribed_at_ms: u64,
    /// The endpoint of that subscription.
    pub endpoint: String,
    /// Until when that endpoint is being removed, in milliseconds since 1970. Nobody may rely on it
    /// before then.
    pub leaving_until_ms: Option<u64>,
}

// The keys hold a user id and a `udid`, and anybody who has the endpoint can push to it.
hide_debug!(TokenUse);

impl TokenUse {
    pub(crate) fn by(keyring: &Keyring, subscription: &Subscription) -> Self {
        Self {
            pk: keyring.subscriber_key(&subscription.user),
            sk: keyring.device_key(subscription.channel.name(), &subscription.device),
            subscribed_at_ms: subscription.subscribed_at_ms,
            endpoint: subscription.endpoint.clone(),
            leaving_until_ms: None,
        }
    }

    /// The key of the subscription that has the token.
    pub(crate) fn subscription_key(&self) -> Attributes {
        subscriptions_key(&self.pk, &self.sk)
    }

    /// Returns a write that deletes that subscription, if it is still the one that was seen.
    pub(crate) fn subscription_delete(&self) -> Write {
        let condition = Condition::new(
            "attribute_not_exists(pk) OR subscribed_at_ms = :since",
            [(":since", number(self.subscribed_at_ms))],
        );
        Write::delete(Table::Subscriptions, self.subscription_key(), condition)
    }

    /// Returns whether both are the use by the same subscription, since the same time.
    pub(crate) fn is_same_use(&self, other: &Self) -> bool {
        let of = |used: &Self| (used.pk.clone(), used.sk.clone(), used.subscribed_at_ms);
        of(self) == of(other)
    }

    /// Returns a write that deletes the item of the token, if it is still in this use.
    pub(crate) fn token_delete(&self, token_hash: &str) -> Write {
        let Condition { expression, values } = self.is_used();
        let used = expression.expect("it has an expression");
        let condition =
            Condition { expression: Some(format!("attribute_not_exists(pk) OR ({used})")), values };
        Write::delete(Table::Subscriptions, token_item_key(token_hash), condition)
    }

    fn attributes(&self, token_hash: &str) -> Attributes {
        let Self { pk, sk, subscribed_at_ms, endpoint, leaving_until_ms } = self;
        let mut attributes = token_item_key(token_hash);
        attributes.extend(item([
            ("used_pk", text(pk)),
            ("used_sk", text(sk)),
            ("subscribed_at_ms", number(*subscribed_at_ms)),
            ("endpoint", text(endpoint)),
        ]));
        attributes
            .extend(leaving_until_ms.map(|until| ("leaving_until_ms".to_owned(), number(until))));
        attributes
    }

    /// Returns the condition that the token is still in use as it was seen: by the same
    /// subscription, and since the same time. Whether its endpoint is being removed doesn't matter
    /// to a call that takes the token away.
    fn is_used(&self) -> Condition {
        Condition::new(
            "used_pk = :used_pk AND used_sk = :used_sk AND subscribed_at_ms = :since",
            [
                (":used_pk", text(&self.pk)),
                (":used_sk", text(&self.sk)),
                (":since", number(self.subscribed_at_ms)),
            ],
        )
    }

    pub(crate) fn read(item: &Attributes) -> Result<Self, StoreError> {
        let reader = Reader { table: Table::Subscriptions, kind: "token", item };
        Ok(Self {
            pk: reader.text("used_pk")?.to_owned(),
            sk: reader.text("used_sk")?.to_owned(),
            subscribed_at_ms: reader.number("subscribed_at_ms")?,
            endpoint: reader.text("endpoint")?.to_owned(),
            leaving_until_ms: reader.optional_number("leaving_until_ms")?,
        })
    }
}

impl Store {
    pub(crate) async fn read_token_use(
        &self,
        token_hash: &str,
    ) -> Result<Option<TokenUse>, StoreError> {
        let item = self.get(Table::Subscriptions, token_item_key(token_hash)).await?;
        item.map(|item| TokenUse::read(&item)).transpose()
    }

    /// Returns a write that gives the token to `next`, if it is still in use as it was `seen` and
    /// no removal of its endpoint has begun since.
    pub(crate) fn token_put(&self, next: &Subscription, seen: Option<&TokenUse>) -> Write {
        let attributes = TokenUse::by(&self.keyring, next).attributes(&next.token_hash);
        let condition = match seen {
            None => Condition::new("attribute_not_exists(pk)", []),
            Some(seen) => seen.is_used().and(match seen.leaving_until_ms {
                None => Condition::new("attribute_not_exists(leaving_until_ms)", []),
                Some(until) => {
                    Condition::new("leaving_until_ms = :until", [(":until", number(until))])
                }
            }),
        };
        Write::put(Table::Subscriptions, attributes, condition)
    }

    /// Returns a write that takes the token away from `seen`, if `seen` still has it.
    pub(crate) fn token_delete(&self, seen: &Subscription) -> Write {
        TokenUse::by(&self.keyring, seen).token_delete(&seen.token_hash)
    }

    pub(crate) async fn mark_leaving(
        &self,
        seen: &Subscription,
        until_ms: u64,
    ) -> Result<Outcome, StoreError> {
        let used = TokenUse::by(&self.keyring, seen);
        let leaving = TokenUse { leaving_until_ms: Some(until_ms), ..used };
        let attributes = leaving.attributes(&seen.token_hash);
        let note = Write::put(Table::Subscriptions, attributes, leaving.is_used());
        self.transact(vec![self.leaving_mark(seen), note]).await
    }
}
