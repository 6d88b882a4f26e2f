//! Standstill: a deployed stack whose functions don't write.
//!
//! The functions behind the API are held at no concurrency, so they are answered 5xx, and the event
//! sources of the stream and the queues are turned off. A queue whose function is held would count
//! each try instead.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::get_event_source_mapping::GetEventSourceMappingOutput;
use aws_sdk_lambda::primitives::DateTime;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::stack::{Deployed, OperatorError};
use crate::tables::failed;

/// How long a request may run. The template's functions behind the API have 29 seconds.
pub(crate) const LONGEST_REQUEST: Duration = Duration::from_secs(30);
/// How long to wait before an event source is looked at again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often an event source is looked at: two minutes long.
const LOOKS: usize = 120;

/// Which functions behind the API are held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Those that write. Reading goes on.
    Writers,
    /// All of them. None may begin with keys that aren't those of its tables.
    All,
}

/// The functions behind the API that write. The trigger of a user pool is there if a pool is.
const WRITERS: [&str; 5] = [
    "UploadFunctionName",
    "UsersFunctionName",
    "SessionFunctionName",
    "SubscriptionsFunctionName",
    "CognitoSignUpFunctionName",
];
/// The functions behind the API that only read.
const READERS: [&str; 2] = ["GetFunctionName", "RegisteredUsersFunctionName"];
/// The queues of joins and pushes.
const QUEUES: [&str; 3] = ["JoinsQueueUrl", "FanOutQueueUrl", "PushesQueueUrl"];
/// How often in a row the queues have to be empty. A change reaches its queue within a second.
const EMPTY_LOOKS: usize = 5;
/// The event sources that write books and send pushes.
const SOURCES: [&str; 4] = ["JoinsSourceId", "JoinPushSourceId", "FanOutSourceId", "PushSourceId"];

fn names<'d>(deployed: &'d Deployed, outputs: &[&str]) -> Vec<&'d str> {
    outputs.iter().filter_map(|name| deployed.outputs.get(*name)).map(String::as_str).collect()
}

/// Returns the second from which on nobody writes, unless somebody does. It is when an event source
/// was changed last, so it stays the same until the stack is started or somebody else changes one. A
/// request that had begun before its function was held may write for [`LONGEST_REQUEST`] after it.
pub(crate) async fn since(deployed: &Deployed) -> Result<Option<DateTime>, OperatorError> {
    let client = Client::new(&deployed.sdk);
    for name in names(deployed, &WRITERS) {
        let asked = client.get_function_concurrency().function_name(name).send().await;
        let held = asked.map_err(|error| failed("GetFunctionConcurrency", name, &error))?;
        if held.reserved_concurrent_executions != Some(0) {
            return Ok(None);
        }
    }
    let mut since = None;
    for id in names(deployed, &SOURCES) {
        let source = source(&client, id).await?;
        if !is_off(&source) {
            return Ok(None);
        }
        since = since.max(source.last_modified);
    }
    Ok(since)
}

fn held_names(deployed: &Deployed, held: Held) -> Vec<&str> {
    let readers: &[&str] = if held == Held::All { &READERS } else { &[] };
    [names(deployed, &WRITERS), names(deployed, readers)].concat()
}

/// Stops all that writes. It may be repeated.
pub(crate) async fn begin(deployed: &Deployed, held: Held) -> Result<(), OperatorError> {
    hold(deployed, held).await?;
    turn(&Client::new(&deployed.sdk), &names(deployed, &SOURCES), false).await
}

/// Holds functions behind the API, and the event sources once nothing is on its way any more. It may
/// be repeated.
pub(crate) async fn begin_drained(deployed: &Deployed, held: Held) -> Result<(), OperatorError> {
    hold(deployed, held).await?;
    let sources = names(deployed, &SOURCES);
    let functions = Client::new(&deployed.sdk);
    let client = aws_sdk_sqs::Client::new(&deployed.sdk);
    let mut looks = 0;
    while looks < EMPTY_LOOKS {
        let mut waiting = 0;
        for url in names(deployed, &QUEUES) {
            waiting += messages(&client, url).await?;
        }
        looks += 1;
        if waiting > 0 {
            looks = 0;
            // A restore that was given up may have left them off.
            turn(&functions, &sources, true).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
    turn(&functions, &sources, false).await
}

/// Returns how many messages a queue has, whether they wait or are being worked off.
async fn messages(client: &aws_sdk_sqs::Client, url: &str) -> Result<usize, OperatorError> {
    let counts = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let asked = client
        .get_queue_attributes()
        .queue_url(url)
        .set_attribute_names(Some(counts.into()))
        .send()
        .await;
    let answer = asked.map_err(|error| failed("GetQueueAttributes", url, &error))?;
    let counts = answer.attributes.unwrap_or_default().into_values();
    Ok(counts.filter_map(|count| count.parse::<usize>().ok()).sum())
}

async fn hold(deployed: &Deployed, held: Held) -> Result<(), OperatorError> {
    let client = Client::new(&deployed.sdk);
    for name in held_names(deployed, held) {
        let held = client
            .put_function_concurrency()
            .function_name(name)
            .reserved_concurrent_executions(0)
            .send()
            .await;
        held.map_err(|error| failed("PutFunctionConcurrency", name, &error))?;
    }
    Ok(())
}

/// Starts all that was stopped. It may be repeated.
pub(crate) async fn end(deployed: &Deployed, held: Held) -> Result<(), OperatorError> {
    let client = Client::new(&deployed.sdk);
    for name in held_names(deployed, held) {
        let freed = client.delete_function_concurrency().function_name(name).send().await;
        freed.map_err(|error| failed("DeleteFunctionConcurrency", name, &error))?;
    }
    turn(&client, &names(deployed, &SOURCES), true).await
}

/// Turns event sources on or off, and waits until they are.
async fn turn(client: &Client, ids: &[&str], on: bool) -> Result<(), OperatorError> {
    for id in ids {
        let mut looks = 0;
        loop {
            if is_off(&source(client, id).await?) != on {
                break;
            }
            looks += 1;
            if looks > LOOKS {
                let what = if on { "on" } else { "off" };
                return Err(OperatorError::EventSource { id: (*id).to_owned(), what });
            }
            let update = client.update_event_source_mapping().uuid(*id).enabled(on).send().await;
            match update {
                Ok(_) => {}
                // It is changing already. It is looked at again.
                Err(error)
                    if error.as_service_error().and_then(ProvideErrorMetadata::code)
                        == Some("ResourceInUseException") => {}
                Err(error) => return Err(failed("UpdateEventSourceMapping", id, &error)),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

async fn source(client: &Client, id: &str) -> Result<GetEventSourceMappingOutput, OperatorError> {
    let asked = client.get_event_source_mapping().uuid(id).send().await;
    asked.map_err(|error| failed("GetEventSourceMapping", id, &error))
}

fn is_off(source: &GetEventSourceMappingOutput) -> bool {
    source.state.as_deref() == Some("Disabled")
}
