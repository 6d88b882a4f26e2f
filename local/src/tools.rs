//! The tools under `/_local/`: what happened, what is stored, the clock and the faults. They show and
//! change everybody's data, so all of them are here, behind `reach.rs`.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, ROUTES, form};
use aws_sdk_dynamodb::Client;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use model::{Clock, Scope};
use numbering::{HomeRegion, Phone};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use store::{BookReader, Store, StoreError, Table};
use tokio::sync::Notify;

use crate::clock::LocalClock;
use crate::expiry::delete_expired;
use crate::faults::{Fault, FaultError, FaultJson, Faults, name_of};
use crate::inbox::Inbox;
use crate::journal::Journal;
use crate::page::{file, response};
use crate::server::HOME_REGION;

/// Most items of a table that are shown.
const MAX_ITEMS: i32 = 200;
/// The largest body of a request.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// By how much the clock can be moved on at once: ten years.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 60 * 60;
/// The tables, in the order in which they are shown.
const TABLES: [Table; 7] = [
    Table::Users,
    Table::AddressBooks,
    Table::ContactOwners,
    Table::Subscriptions,
    Table::Claims,
    Table::Budgets,
    Table::Sessions,
];

/// What the tools work with.
#[derive(Clone)]
pub(crate) struct Tools {
    pub inbox: Inbox,
    pub journal: Journal,
    pub database: Client,
    pub store: Store,
    /// What the operator's commands have to know of this server: its database, tables and keys.
    pub stack: Arc<Value>,
    pub clock: LocalClock,
    pub faults: Faults,
    /// Notified of each request that may have changed something.
    pub changed: Arc<Notify>,
}

/// By how much the clock is to be moved on.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Move {
    days: u32,
    hours: u32,
    seconds: u32,
}

impl Tools {
    /// Answers a request of the page or of a tool.
    pub(crate) async fn answer(&self, parts: Parts, body: Body) -> Response {
        if let Some(file) = file(&parts.method, parts.uri.path()) {
            return file;
        }
        if (&parts.method, parts.uri.path()) == (&Method::GET, "/_local/events") {
            let after = parts.headers.get("last-event-id");
            let after = after.and_then(|id| id.to_str().ok()?.parse().ok());
            return response("text/event-stream", self.journal.stream(after.unwrap_or(0)));
        }
        let answer = self.json(&parts, body).await.unwrap_or_else(|error| {
            if let Some(cause) = &error.cause {
                tracing::error!(%cause, "a tool failed");
            }
            (error.status, error.body().to_string())
        });
        let (status, body) = answer;
        let mut response = response("application/json", body);
        *response.status_mut() = StatusCode::from_u16(status).expect("a status of the API");
        response
    }

    /// Waits, or returns at once if the server stops.
    pub(crate) async fn wait(&self, ms: u64) {
        if ms > 0 {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(ms)) => {}
                () = self.journal.closed() => {}
            }
        }
    }

    async fn json(&self, parts: &Parts, body: Body) -> Result<(u16, String), ApiError> {
        let query = form(parts.uri.query().unwrap_or_default().as_bytes())?;
        let parameter = |name: &str| query.get(name).and_then(Value::as_str);
        let answer = match (parts.method.as_str(), parts.uri.path()) {
            // In the order of their fields.
            ("GET", "/_local/pushes") => {
                let pushes = serde_json::to_string(&self.inbox.pushes());
                return Ok((200, pushes.expect("its keys are texts")));
            }
            ("GET", "/_local/tables") => match parameter("unsealed") {
                None | Some("0") => Ok((200, self.stored().await)),
                Some("1") => Ok((200, self.opened().await?)),
                Some(_) => Err(ApiError::malformed("unsealed must be 0 or 1.")),
            },
            ("GET", "/_local/stack") => Ok((200, Value::clone(&self.stack))),
            ("GET", "/_local/phone") => {
                self.phone(parameter("user"), parameter("number")).await.map(|phone| (200, phone))
            }
            ("GET", "/_local/clock") => Ok((200, self.time())),
            ("POST", "/_local/clock") => self.move_clock(read(&parts.headers, body).await?).await,
            ("GET", "/_local/faults") => Ok((200, self.active_faults())),
            ("POST", "/_local/faults") => self.add_fault(read(&parts.headers, body).await?),
            ("DELETE", "/_local/faults") => {
                let ended = self.faults.end();
                self.journal.note("fault", json!({ "ended": ended }), &[]);
                Ok((200, json!({ "ended": ended })))
            }
            _ => Err(ApiError::no_route()),
        };
        answer.map(|(status, body)| (status, body.to_string()))
    }

    /// Returns the first items of each table, as DynamoDB has them.
    async fn stored(&self) -> Value {
        let mut read = Map::new();
        for table in TABLES {
            let name = self.store.table_name(table);
            let page = self.database.scan().table_name(name).limit(MAX_ITEMS).send().await;
            let items = page.map(|page| page.items.unwrap_or_default()).unwrap_or_default();
            let items = items.into_iter().map(serde_dynamo::Item::from);
            read.insert(name.to_owned(), json!(items.collect::<Vec<_>>()));
        }
        read.into()
    }

    /// Returns the same items, opened with the server's keys.
    async fn opened(&self) -> Result<Value, StoreError> {
        let mut opened = Map::new();
        for table in TABLES {
            let items = self.store.opened_items(table, MAX_ITEMS).await?;
            opened.insert(self.store.table_name(table).to_owned(), items.into());
        }
        Ok(opened.into())
    }

    /// Returns how the server reads what this user writes: the home region of their number, and the
    /// canonical number of each spelling in their book.
    async fn phone(&self, user: Option<&str>, number: Option<&str>) -> Result<Value, ApiError> {
        let user = user.and_then(|user| user.parse().ok());
        let user = user.ok_or_else(|| ApiError::malformed("user must be a user id."))?;
        let number = number.and_then(|number| Phone::proven(number).ok());
        let default = HOME_REGION.parse().expect("a region is two capitals");
        let home = HomeRegion::of(number, default);
        let stored = self.store.read_book(&user, &Scope::Global).await?;
        let numbers: Map<String, Value> = stored
            .book
            .entries()
            .iter()
            .map(|entry| {
                let contact = &entry.contact;
                (contact.spelling.as_str().to_owned(), contact.phone.digits().into())
            })
            .collect();
        Ok(json!({ "region": home.region().code(), "numbers": numbers }))
    }

    fn time(&self) -> Value {
        let ahead_seconds = self.clock.ahead_ms() / 1000;
        json!({ "now_ms": self.clock.now_ms(), "ahead_seconds": ahead_seconds })
    }

    async fn move_clock(&self, by: Move) -> Result<(u16, Value), ApiError> {
        let Move { days, hours, seconds } = by;
        let hours = u64::from(days) * 24 + u64::from(hours);
        let seconds = hours * 60 * 60 + u64::from(seconds);
        if !(1..=MAX_SECONDS).contains(&seconds) {
            let message = "Say by how many days, hours or seconds the clock is to be moved on, ten years at most.";
            return Err(ApiError::malformed(message));
        }
        self.clock.move_on(seconds * 1000);
        self.clock.remember(&self.database).await.map_err(ApiError::unavailable)?;
        let expired = delete_expired(&self.database, self.clock.now_seconds()).await;
        let expired = Value::Object(expired.map_err(ApiError::unavailable)?);
        let event = json!({ "seconds": seconds, "expired": expired });
        self.journal.note("clock", event, &[]);
        self.changed.notify_one();
        let mut answer = self.time();
        answer["expired"] = expired;
        Ok((200, answer))
    }

    fn active_faults(&self) -> Value {
        let routes = ROUTES.map(name_of);
        json!({ "faults": self.faults.list(), "routes": routes })
    }

    fn add_fault(&self, json: FaultJson) -> Result<(u16, Value), ApiError> {
        let fault = Fault::try_from(json);
        let fault = fault.map_err(|FaultError(sentence)| ApiError::malformed(sentence))?;
        let shown = json!(FaultJson::from(&fault));
        self.faults.add(fault);
        self.journal.note("fault", json!({ "set": shown }), &[]);
        Ok((201, shown))
    }
}

/// Reads the JSON of a request. Its media type is asked for, because no page from elsewhere can send
/// that without asking first.
async fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, ApiError> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let error = ApiError::unknown_media_type();
        let message = "The body must be JSON, sent as application/json.".to_owned();
        return Err(ApiError { message, ..error });
    }
    let bytes = to_bytes(body, MAX_BODY_BYTES).await;
    let bytes = bytes.map_err(|_| ApiError::too_large(MAX_BODY_BYTES))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::malformed(format!("The body can't be read: {error}.")))
}
