//! The export of everything that is stored about a user, for that user.

use model::{Book, Payer, Profile, PublicId, Scope, Subscription, UserId};
use store::{Bucket, ChangeBucket};

use crate::account::{AccountError, own_profile};
use crate::capabilities::ExportStore;

/// Everything that is stored about a user, except hints, which repeat what the books say.
#[derive(Clone, Debug)]
pub struct Export {
    pub profile: Profile,
    pub books: Vec<(Scope, Book)>,
    pub subscriptions: Vec<Subscription>,
    /// How many pushes to the user are remembered, from the last 30 days. Their texts aren't
    /// stored.
    pub pushes: usize,
    /// How much is spent of the user's budgets of new numbers and of changes of books.
    pub bucket: Bucket,
    /// How often the account has changed the holder or the visibility of a phone.
    pub holder_changes: ChangeBucket,
}

/// Reads everything that is stored about `user`, whose id has to be `id`.
///
/// # Errors
/// [`AccountError::Forbidden`] for any other id, whether it exists or not.
pub async fn export<S: ExportStore>(
    store: &S,
    user: &UserId,
    id: PublicId,
    payer: &Payer,
) -> Result<Export, AccountError> {
    let profile = own_profile(store, user, id).await?;
    let stored = store.read_books(user).await?.into_iter();
    let open = stored.filter(|(_, stored)| stored.life.is_open());
    Ok(Export {
        profile,
        books: open.map(|(scope, stored)| (scope, stored.book)).collect(),
        subscriptions: store.subscriptions(user).await?,
        pushes: store.count_claims(user).await?,
        bucket: store.bucket(payer).await?,
        holder_changes: store.change_bucket(&Payer::User(user.clone())).await?,
    })
}
