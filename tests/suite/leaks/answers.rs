//! SNS and SQS for these tests: they keep what they are sent, and their errors quote it.

use std::sync::Mutex;

use serde_json::{Value, json};

use support::faults::Fault;

/// What SNS and SQS were sent.
#[derive(Default)]
pub struct Sent {
    pub published: Vec<String>,
    pub joins: Vec<String>,
    pub failed_records: Vec<String>,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Answers as SNS does. Errors quote what was sent.
pub fn answer_as_sns(asked: &str, fault: Option<Fault>, sent: &Mutex<Sent>) -> (u16, String) {
    let action =
        asked.split('&').find_map(|field| field.strip_prefix("Action=")).unwrap_or_default();
    if let Some(fault) = fault {
        let code = match fault {
            Fault::Refused(400, "AccessDeniedException") => "InvalidParameter",
            Fault::Refused(400, _) => "Throttled",
            _ => "InternalError",
        };
        let message = escaped(asked);
        let error = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        );
        return (if code == "InternalError" { 500 } else { 400 }, error);
    }
    if action == "Publish" {
        sent.lock().expect("no panic").published.push(decoded(asked));
    }
    let result = match action {
        "CreatePlatformEndpoint" => {
            "<EndpointArn>arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/1</EndpointArn>"
        }
        "Publish" => "<MessageId>1</MessageId>",
        _ => "",
    };
    (200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
}

fn decoded(form: &str) -> String {
    form_urlencoded::parse(form.as_bytes())
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect()
}

/// Answers as SQS does. Errors quote what was sent.
pub fn answer_as_sqs(asked: &str, fault: Option<Fault>, sent: &Mutex<Sent>) -> (u16, String) {
    if fault.is_some() {
        return (
            400,
            json!({"__type": "com.amazonaws.sqs#InvalidMessageContents", "message": asked})
                .to_string(),
        );
    }
    let asked: Value = serde_json::from_str(asked).expect("JSON");
    let mut sent = sent.lock().expect("no panic");
    let Some(entries) = asked["Entries"].as_array() else {
        sent.failed_records.push(asked["MessageBody"].as_str().expect("a body").to_owned());
        return (200, json!({"MessageId": "1", "MD5OfMessageBody": ""}).to_string());
    };
    sent.joins.extend(
        entries.iter().filter_map(|entry| entry["MessageBody"].as_str()).map(ToOwned::to_owned),
    );
    let taken =
        |entry: &Value| json!({"Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": ""});
    (
        200,
        json!({"Successful": entries.iter().map(taken).collect::<Vec<_>>(), "Failed": []})
            .to_string(),
    )
}
