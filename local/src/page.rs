//! The page at `/` and what it needs: static files, the events, and the tables as they are stored.

use aws_sdk_dynamodb::Client;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::inbox::Inbox;
use crate::journal::Journal;
use crate::schema::tables;

/// Most items of a table that are shown.
const MAX_ITEMS: i32 = 200;
/// The files of the page, and the description of the API: path, media type and content.
const FILES: [(&str, &str, &str); 5] = [
    ("/openapi.json", "application/json", include_str!("../../docs/openapi.json")),
    ("/", "text/html;charset=utf-8", include_str!("page/index.html")),
    ("/_local/page.css", "text/css", include_str!("page/page.css")),
    ("/_local/page.js", "text/javascript", include_str!("page/page.js")),
    ("/_local/contacts.js", "text/javascript", include_str!("page/contacts.js")),
];
/// Nothing comes from elsewhere, and no text of a contact can become a script.
const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// Answers a GET of the page, unless it is one of the API.
pub(crate) async fn answer(
    uri: &Uri,
    headers: &HeaderMap,
    inbox: &Inbox,
    journal: &Journal,
    database: &Client,
    stack: &Value,
) -> Option<Response> {
    let path = uri.path();
    if let Some((_, media_type, content)) = FILES.iter().find(|(file, ..)| *file == path) {
        return Some(response(media_type, *content));
    }
    match path {
        "/_local/pushes" => Some(of_json(&inbox.pushes())),
        "/_local/events" => {
            let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
            Some(response("text/event-stream", journal.stream(after.unwrap_or(0))))
        }
        "/_local/stack" => Some(of_json(stack)),
        "/_local/tables" => Some(of_json(&stored(database).await)),
        _ => None,
    }
}

/// Returns the first items of each table, as DynamoDB has them.
async fn stored(database: &Client) -> Value {
    let tables = tables();
    let names = [
        &tables.users,
        &tables.address_books,
        &tables.contact_owners,
        &tables.subscriptions,
        &tables.claims,
        &tables.budgets,
        &tables.sessions,
    ];
    let mut read = serde_json::Map::new();
    for name in names {
        let page = database.scan().table_name(name).limit(MAX_ITEMS).send().await;
        let items = page.map(|page| page.items.unwrap_or_default()).unwrap_or_default();
        let items = items.into_iter().map(serde_dynamo::Item::from);
        read.insert(name.clone(), json!(items.collect::<Vec<_>>()));
    }
    read.into()
}

fn of_json(value: &impl Serialize) -> Response {
    response("application/json", serde_json::to_string(value).expect("its keys are texts"))
}

fn response(media_type: &'static str, body: impl Into<Body>) -> Response {
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body.into())
        .expect("the headers are valid")
}
