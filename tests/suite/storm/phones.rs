//! The push service, which also fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::Subscription;
use protocol::push::{
    Delivery, EndpointError, EndpointState, EndpointStates, Endpoints, Push, Pusher, Token,
};
use tokio::time::Instant;

use super::weather::Weather;

/// A push: the recipient, the device, the joiner's public id, and the joiner's phone.
type Told = (String, String, u32, String);

/// A push whatever the joiner's id: the recipient, the device, and the joiner's phone.
type Heard = (String, String, String);

/// All devices of the world.
#[derive(Clone)]
pub struct FakePhones {
    weather: Weather,
    told: Arc<Mutex<BTreeMap<Told, usize>>>,
    /// When each push arrived last.
    last: Arc<Mutex<BTreeMap<Heard, Instant>>>,
    /// Pushes that arrived although the sender was told that they hadn't.
    lost_answers: Arc<Mutex<usize>>,
}

impl FakePhones {
    pub fn new(weather: Weather) -> Self {
        Self { weather, told: Arc::default(), last: Arc::default(), lost_answers: Arc::default() }
    }

    /// Returns how often each push arrived.
    pub fn told(&self) -> BTreeMap<Told, usize> {
        self.told.lock().expect("no panic").clone()
    }

    /// Returns when a push about `phone` last arrived at a user's device.
    pub fn last_told(&self, user: &str, device: &str, phone: &str) -> Option<Instant> {
        let push = (user.to_owned(), device.to_owned(), phone.to_owned());
        self.last.lock().expect("no panic").get(&push).copied()
    }

    pub fn lost_answers(&self) -> usize {
        *self.lost_answers.lock().expect("no panic")
    }

    fn deliver(&self, subscription: &Subscription, push: &Push) {
        let user = subscription.user.as_str().to_owned();
        let device = subscription.device.as_str().to_owned();
        let last = (user.clone(), device.clone(), push.phone.digits().to_owned());
        self.last.lock().expect("no panic").insert(last, Instant::now());
        let told = (user, device, push.joiner.get(), push.phone.digits().to_owned());
        *self.told.lock().expect("no panic").entry(told).or_default() += 1;
    }
}

impl Pusher for FakePhones {
    async fn push(&self, subscription: &Subscription, push: &Push) -> Delivery {
        tokio::time::sleep(Duration::from_millis(40)).await;
        match self.weather.strikes(4) {
            None => {}
            Some(0) => return Delivery::Throttled,
            Some(1) => return Delivery::Unavailable,
            Some(2) => {
                self.deliver(subscription, push);
                *self.lost_answers.lock().expect("no panic") += 1;
                return Delivery::Unanswered;
            }
            Some(_) => tokio::time::sleep(self.weather.up_to(Duration::from_secs(5))).await,
        }
        self.deliver(subscription, push);
        Delivery::Sent
    }
}

impl Endpoints for FakePhones {
    async fn register(&self, token: Token<'_>) -> Result<String, EndpointError> {
        self.call().await?;
        Ok(format!("endpoint:{}", store::token_hash(token.token)))
    }

    fn is_current(&self, _: &Subscription) -> bool {
        true
    }

    async fn remove(&self, _endpoint: &str) -> Result<(), EndpointError> {
        self.call().await
    }
}

impl FakePhones {
    async fn call(&self) -> Result<(), EndpointError> {
        match self.weather.strikes(2) {
            Some(0) => Err(EndpointError::Unavailable { code: "InternalError".to_owned() }),
            Some(_) => {
                tokio::time::sleep(self.weather.up_to(Duration::from_secs(5))).await;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl EndpointStates for FakePhones {
    /// Every endpoint takes pushes: the storm breaks calls, and no devices.
    async fn state(&self, _: &str) -> Result<EndpointState, EndpointError> {
        self.call().await.map(|()| EndpointState::Enabled)
    }
}
