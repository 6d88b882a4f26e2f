//! A push service that counts, answers as it is told, and can make its caller die.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use model::Subscription;
use protocol::push::{
    Delivery, EndpointError, EndpointState, EndpointStates, Endpoints, Push, Pusher, Token,
};
use tokio::sync::Notify;

/// When the caller of the next push dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    BeforeSending,
    AfterSending,
}

#[derive(Default)]
struct State {
    taken: BTreeMap<String, usize>,
    attempts: BTreeMap<String, usize>,
    texts: Vec<String>,
    answers: BTreeMap<String, VecDeque<Delivery>>,
    endpoints: BTreeSet<String>,
    disabled: BTreeSet<String>,
    registrations: usize,
    /// What the endpoints' names begin with.
    application: Option<&'static str>,
    death: Option<Death>,
    delay: Duration,
}

#[derive(Clone, Default)]
pub struct FakePhones {
    state: Arc<Mutex<State>>,
    died: Arc<Notify>,
}

impl FakePhones {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while pushing")
    }

    /// Sets the answers to the next pushes to the device with this token. After those, every push
    /// succeeds.
    pub fn answer(&self, token: &str, answers: &[Delivery]) {
        self.lock().answers.insert(endpoint(token), answers.iter().copied().collect());
    }

    /// Makes every push take this long.
    pub fn delay(&self, delay: Duration) {
        self.lock().delay = delay;
    }

    /// Makes the sender of the next push die.
    pub fn kill_next(&self, death: Death) {
        self.lock().death = Some(death);
    }

    /// Returns once a sender has died.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// Returns how many pushes the device with this token got.
    pub fn taken(&self, token: &str) -> usize {
        self.lock().taken.get(&endpoint(token)).copied().unwrap_or_default()
    }

    /// Returns how many pushes each device got.
    pub fn all_taken(&self) -> BTreeMap<String, usize> {
        self.lock().taken.clone()
    }

    /// Returns how many times a push to the device was tried.
    pub fn attempts(&self, token: &str) -> usize {
        self.lock().attempts.get(&endpoint(token)).copied().unwrap_or_default()
    }

    /// Returns the texts of all pushes, in their order.
    pub fn texts(&self) -> Vec<String> {
        self.lock().texts.clone()
    }

    /// Returns how many times an endpoint was registered.
    pub fn registrations(&self) -> usize {
        self.lock().registrations
    }

    /// Disables the endpoint of this token.
    pub fn disable(&self, token: &str) {
        self.lock().disabled.insert(endpoint(token));
    }

    /// Registers all endpoints in another application from now on.
    pub fn use_application(&self, name: &'static str) {
        self.lock().application = Some(name);
    }

    /// Returns the endpoints that are registered.
    pub fn endpoints(&self) -> BTreeSet<String> {
        self.lock().endpoints.clone()
    }
}

/// Returns the endpoint that this service gives to a token.
pub fn endpoint(token: &str) -> String {
    endpoint_in(None, token)
}

/// Returns the endpoint that this service gives to a token in an application.
pub fn endpoint_in(application: Option<&str>, token: &str) -> String {
    format!("{}:{token}", application.unwrap_or("endpoint"))
}

impl Pusher for FakePhones {
    async fn push(&self, subscription: &Subscription, push: &Push) -> Delivery {
        let delay = self.lock().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let death = {
            let mut state = self.lock();
            *state.attempts.entry(subscription.endpoint.clone()).or_default() += 1;
            let answer =
                state.answers.get_mut(&subscription.endpoint).and_then(VecDeque::pop_front);
            if answer == Some(Delivery::Unanswered) {
                // It arrives all the same.
                *state.taken.entry(subscription.endpoint.clone()).or_default() += 1;
            }
            if let Some(answer) = answer.filter(|answer| *answer != Delivery::Sent) {
                return answer;
            }
            let death = state.death.take();
            if death != Some(Death::BeforeSending) {
                *state.taken.entry(subscription.endpoint.clone()).or_default() += 1;
                state.texts.push(push.text.clone());
            }
            death
        };
        if death.is_some() {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        Delivery::Sent
    }
}

impl Endpoints for FakePhones {
    async fn register(&self, token: Token<'_>) -> Result<String, EndpointError> {
        let mut state = self.lock();
        let endpoint = endpoint_in(state.application, token.token);
        state.endpoints.insert(endpoint.clone());
        state.registrations += 1;
        Ok(endpoint)
    }

    fn is_current(&self, subscription: &Subscription) -> bool {
        subscription.endpoint.starts_with(&endpoint_in(self.lock().application, ""))
    }

    async fn remove(&self, endpoint: &str) -> Result<(), EndpointError> {
        self.lock().endpoints.remove(endpoint);
        Ok(())
    }
}

impl EndpointStates for FakePhones {
    async fn state(&self, endpoint: &str) -> Result<EndpointState, EndpointError> {
        let state = self.lock();
        Ok(match state.endpoints.contains(endpoint) {
            false => EndpointState::Gone,
            true if state.disabled.contains(endpoint) => EndpointState::Disabled,
            true => EndpointState::Enabled,
        })
    }
}
