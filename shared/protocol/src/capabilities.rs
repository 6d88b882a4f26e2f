//! What each protocol does to the tables, in one word.

use store::{
    AccountStore, BookKeeper, BookReader, BookStore, BudgetStore, ClaimStore, HolderReader,
    OwnerIndex, SubscriptionStore,
};

/// Declares a trait that any type has which has all the others.
macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $first:ident $(+ $more:ident)*;)+) => {
        $($(#[$doc])*
        pub trait $name: $first $(+ $more)* {}
        impl<S: $first $(+ $more)*> $name for S {})+
    };
}

capabilities! {
    /// To upload contacts.
    UploadStore =
        BookStore + BookKeeper + OwnerIndex + HolderReader + AccountStore + BudgetStore;
    /// To wipe a book.
    WipeStore = BookStore + OwnerIndex;
    /// To sign up and to change an account.
    SignUpStore = AccountStore + HolderReader;
    /// To delete an account.
    DeletionStore = AccountStore + BookStore + OwnerIndex + SubscriptionStore + ClaimStore;
    /// To export all that is stored about a user.
    ExportStore = AccountStore + BookReader + SubscriptionStore + ClaimStore + BudgetStore;
    /// To do all that a user can ask of their account.
    UsersStore = SignUpStore + DeletionStore + ExportStore;
    /// To send pushes once.
    NotifyStore = SubscriptionStore + ClaimStore;
    /// To tell books and people who joined.
    JoinStore = BookStore + OwnerIndex + HolderReader + NotifyStore;
}
