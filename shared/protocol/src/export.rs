//! All that is stored about a person, for that person.

use model::{Book, Payer, Profile, PublicId, Scope, Subscription, UserId};
use store::{Bucket, Life};

use crate::account::{AccountError, own_profile};
use crate::capabilities::ExportStore;

/// All that is stored about a user. Hints and matches say what the books say once more.
#[derive(Clone, Debug)]
pub struct Export {
    /// Their profile.
    pub profile: Profile,
    /// Their books.
    pub books: Vec<(Scope, Book)>,
    /// Their devices.
    pub subscriptions: Vec<Subscription>,
    /// How many pushes to them are remembered, of the last 30 days. What they said is not.
    pub pushes: usize,
    /// How much of their budget of new numbers is spent.
    pub bucket: Bucket,
}

/// Reads all that is stored about `user`, whose id has to be `id`.
///
/// # Errors
/// [`AccountError::Forbidden`] for anybody else's id, there or not.
pub async fn export<S: ExportStore>(
    store: &S,
    user: &UserId,
    id: PublicId,
    payer: &Payer,
) -> Result<Export, AccountError> {
    let profile = own_profile(store, user, id).await?;
    let stored = store.read_books(user).await?.into_iter();
    let open = stored.filter(|(_, stored)| matches!(stored.life, Life::Open { .. }));
    Ok(Export {
        profile,
        books: open.map(|(scope, stored)| (scope, stored.book)).collect(),
        subscriptions: store.subscriptions(user).await?,
        pushes: store.count_claims(user).await?,
        bucket: store.bucket(payer).await?,
    })
}
