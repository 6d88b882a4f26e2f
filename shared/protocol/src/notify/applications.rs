//! Platform applications that are disabled, as one invocation knows them.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::Subscription;

/// The platform applications that were found disabled in one invocation. Their devices aren't tried
/// again in it.
#[derive(Debug, Default)]
pub struct DisabledApplications(Mutex<BTreeSet<String>>);

impl DisabledApplications {
    /// Returns whether the subscription's application is known to be disabled.
    pub(super) fn have(&self, subscription: &Subscription) -> bool {
        self.lock().contains(application(subscription))
    }

    /// Notes that the subscription's application is disabled, and logs it. Returns `false` if it was
    /// noted before.
    pub(super) fn note(&self, subscription: &Subscription) -> bool {
        let application = application(subscription);
        let is_new = self.lock().insert(application.to_owned());
        if is_new {
            tracing::error!(application, "a platform application is disabled");
        }
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what names the subscription's application: its endpoint's name but for the last part,
/// as in `arn:…:endpoint/GCM/APPLICATION/ENDPOINT`.
fn application(subscription: &Subscription) -> &str {
    let endpoint = subscription.endpoint.as_str();
    endpoint.rsplit_once('/').map_or("", |(application, _)| application)
}
