//! One trait for each protocol, which sums up what it does to the tables.

use store::{
    AccountStore, BookKeeper, BookReader, BookStore, BudgetStore, ClaimStore, ForgottenPhones,
    HolderChangeStore, HolderReader, Inspection, OwnerIndex, ProfileReader, SubscriptionStore,
};

/// Declares a trait that every type implements if it implements all of the others.
macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $first:ident $(+ $more:ident)*;)+) => {
        $($(#[$doc])*
        pub trait $name: $first $(+ $more)* {}
        impl<S: $first $(+ $more)*> $name for S {})+
    };
}

capabilities! {
    /// What uploading contacts needs.
    UploadStore =
        BookStore + BookKeeper + OwnerIndex + HolderReader + AccountStore + BudgetStore;
    /// What wiping a book needs.
    WipeStore = BookStore + OwnerIndex;
    /// What signing up and changing an account need.
    SignUpStore = AccountStore + HolderReader + HolderChangeStore;
    /// What deleting an account needs.
    DeletionStore = AccountStore + BookStore + OwnerIndex + SubscriptionStore + ClaimStore;
    /// What exporting everything stored about a user needs.
    ExportStore = AccountStore + BookReader + SubscriptionStore + ClaimStore + BudgetStore
        + HolderChangeStore;
    /// What all requests about a user's own account need.
    UsersStore = SignUpStore + DeletionStore + ExportStore;
    /// What looking up people whom a user knows needs.
    PeopleStore = AccountStore + BookReader + ProfileReader;
    /// What explaining why a user did or didn't hear of another one needs.
    ExplainStore = BookReader + HolderReader + ForgottenPhones + Inspection;
    /// What telling books of a join needs.
    JoinStore = BookStore + OwnerIndex + HolderReader;
    /// What forgetting a phone needs.
    ForgetStore = BookStore + OwnerIndex + HolderReader + ForgottenPhones;
    /// What sending each push once needs.
    NotifyStore = HolderReader + BookReader + SubscriptionStore + ClaimStore;
}
