//! Messages: a push in the form that SNS takes for each platform.

use model::{Channel, Platform, PushEnvironment, Subscription};
use serde_json::{Value, json};

use super::port::Push;

/// How long a platform keeps a push for a device that can't be reached: a week. After that a join
/// isn't news any more.
const TTL_SECONDS: u32 = 7 * 24 * 60 * 60;
/// Largest payload of an alert, in bytes (Apple, "Generating a remote notification").
const MAX_APNS_BYTES: usize = 4_096;
/// Largest payload of a message, in bytes (Firebase, "About FCM messages").
const MAX_FCM_BYTES: usize = 4_096;
/// Appended to a text that was cut.
const CUT: char = '…';

/// How Android shows a join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FcmStyle {
    /// A data message, which the app shows. FCM keeps only the last notification message for an
    /// offline device, so joins would get lost.
    #[default]
    Data,
    /// A data message with a notification, which Android shows while the app is in the background.
    Notification,
}

/// A message to one device, ready to be published.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The text for `MessageStructure=json`: a payload for each platform, which is itself a text of
    /// JSON.
    pub body: String,
    /// SNS's attributes of the push: names and values.
    pub attributes: Vec<(&'static str, String)>,
}

impl Message {
    pub(super) fn new(to: &Subscription, style: FcmStyle, push: &Push) -> Self {
        let (platform, payload, attributes) = match (to.channel, to.environment) {
            (Channel::Gcm, _) => {
                let payload = |text: &str| fcm(text, to.platform, style, push);
                ("GCM", fitted(&push.text, MAX_FCM_BYTES, payload), vec![])
            }
            (Channel::Apns | Channel::ApnsVoip, PushEnvironment::Production) => {
                ("APNS", fitted_apns(push), apns_attributes(push, "AWS.SNS.MOBILE.APNS.TTL"))
            }
            (Channel::Apns | Channel::ApnsVoip, PushEnvironment::Development) => (
                "APNS_SANDBOX",
                fitted_apns(push),
                apns_attributes(push, "AWS.SNS.MOBILE.APNS_SANDBOX.TTL"),
            ),
        };
        Self { body: json!({ "default": push.text, platform: payload }).to_string(), attributes }
    }
}

fn fitted_apns(push: &Push) -> String {
    fitted(&push.text, MAX_APNS_BYTES, |text| apns(text, push))
}

fn apns(text: &str, push: &Push) -> Value {
    json!({ "aps": aps(text), "id": push.joiner, "phone": push.phone.digits() })
}

/// Returns what iOS shows, whether Apple gets it from SNS or from FCM.
fn aps(text: &str) -> Value {
    json!({ "alert": { "body": text }, "sound": "default", "thread-id": "contacts-joined" })
}

/// Returns the attributes of a push to Apple. Two pushes about one joiner collapse into one; those
/// about two joiners never do.
fn apns_attributes(push: &Push, ttl: &'static str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS.SNS.MOBILE.APNS.PUSH_TYPE", "alert".to_owned()),
        // 10 delivers at once, since a person is to read it. 5 would wait until it suits the
        // device.
        ("AWS.SNS.MOBILE.APNS.PRIORITY", "10".to_owned()),
        ("AWS.SNS.MOBILE.APNS.COLLAPSE_ID", collapse_id(push)),
        (ttl, TTL_SECONDS.to_string()),
    ]
}

/// Returns the payload for FCM. It has no `collapse_key`, because FCM keeps at most four of them
/// per device. The tags only replace what a device already shows, so no push is lost on the way.
///
/// An Android app shows a data message by itself. iOS and browsers show only what a block of their
/// own says.
fn fcm(text: &str, platform: Platform, style: FcmStyle, push: &Push) -> Value {
    let mut message = json!({
        "data": { "message": text, "id": push.joiner.to_string(), "phone": push.phone.digits() },
    });
    match platform {
        Platform::Android => {
            message["android"] = json!({ "priority": "high", "ttl": format!("{TTL_SECONDS}s") });
            if style == FcmStyle::Notification {
                message["notification"] = json!({ "body": text });
                message["android"]["notification"] = json!({ "tag": collapse_id(push) });
            }
        }
        Platform::Ios => message["apns"] = fcm_apns(text, push),
        Platform::Web => message["webpush"] = webpush(text, push),
    }
    json!({ "fcmV1Message": { "message": message } })
}

/// Returns the block that FCM passes to Apple. FCM puts the fields of `data` beside `aps`, and keeps
/// the push for at most four weeks.
fn fcm_apns(text: &str, push: &Push) -> Value {
    let headers = json!({
        "apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": collapse_id(push),
    });
    json!({ "headers": headers, "payload": { "aps": aps(text) } })
}

/// Returns the block that FCM passes to a browser (RFC 8030 has the headers). The text is the title,
/// because a browser shows no notification without one.
fn webpush(text: &str, push: &Push) -> Value {
    json!({
        "headers": { "TTL": TTL_SECONDS.to_string(), "Urgency": "high" },
        "notification": { "title": text, "tag": collapse_id(push) },
    })
}

/// Returns the id by which pushes about one joiner replace each other. It has at most 64 bytes,
/// Apple's limit.
fn collapse_id(push: &Push) -> String {
    format!("join-{}", push.joiner)
}

/// Returns the payload with as much of `text` as fits into `limit` bytes. The text is cut between
/// two characters.
fn fitted(text: &str, limit: usize, payload: impl Fn(&str) -> Value) -> String {
    let whole = payload(text).to_string();
    if whole.len() <= limit {
        return whole;
    }
    let cut = |end: usize| payload(&format!("{}{CUT}", &text[..end])).to_string();
    let ends: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    let fitting = ends.partition_point(|end| cut(*end).len() <= limit);
    cut(ends[fitting.saturating_sub(1)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::Template;
    use model::{MAX_NAME_CHARS, PublicId};

    fn push(text: &str) -> Push {
        Push {
            text: text.to_owned(),
            joiner: PublicId::new(212).expect("an id"),
            phone: "16505550123".parse().expect("a phone"),
        }
    }

    fn device(channel: Channel, platform: Platform, environment: PushEnvironment) -> Subscription {
        Subscription {
            id: PublicId::new(50).expect("an id"),
            user: "alice".parse().expect("a user"),
            device: "pixel".parse().expect("a udid"),
            channel,
            platform,
            environment,
            token_hash: "hash".to_owned(),
            endpoint: "arn".to_owned(),
            subscribed_at_ms: 0,
        }
    }

    fn golden(
        channel: Channel,
        platform: Platform,
        environment: PushEnvironment,
        style: FcmStyle,
        text: &str,
    ) -> (String, Vec<String>) {
        let to = device(channel, platform, environment);
        let message = Message::new(&to, style, &push(text));
        let attributes = message.attributes.iter().map(|(name, value)| format!("{name}={value}"));
        (message.body, attributes.collect())
    }

    const STRANGE: &str = "\"Zoë\" %s 😀 שלום\nis here";

    #[test]
    fn ios_gets_an_alert() {
        for (environment, platform) in
            [(PushEnvironment::Production, "APNS"), (PushEnvironment::Development, "APNS_SANDBOX")]
        {
            let (body, attributes) =
                golden(Channel::Apns, Platform::Ios, environment, FcmStyle::Data, STRANGE);
            let expected = concat!(
                r#"{"PLATFORM":"{\"aps\":{\"alert\":{\"body\":\"\\\"Zoë\\\" %s 😀 שלום\\nis here\"},\"sound\":\"default\","#,
                r#"\"thread-id\":\"contacts-joined\"},\"id\":212,\"phone\":\"16505550123\"}","#,
                r#""default":"\"Zoë\" %s 😀 שלום\nis here"}"#,
            );
            assert_eq!(body, expected.replace("PLATFORM", platform));
            assert_eq!(
                attributes,
                [
                    "AWS.SNS.MOBILE.APNS.PUSH_TYPE=alert".to_owned(),
                    "AWS.SNS.MOBILE.APNS.PRIORITY=10".to_owned(),
                    "AWS.SNS.MOBILE.APNS.COLLAPSE_ID=join-212".to_owned(),
                    format!("AWS.SNS.MOBILE.{platform}.TTL=604800"),
                ]
            );
        }
    }

    #[test]
    fn android_gets_a_data_message() {
        let expected = concat!(
            r#"{"GCM":"{\"fcmV1Message\":{\"message\":{\"android\":{\"priority\":\"high\",\"ttl\":\"604800s\"},"#,
            r#"\"data\":{\"id\":\"212\",\"message\":\"\\\"Zoë\\\" %s 😀 שלום\\nis here\",\"phone\":\"16505550123\"}}}}","#,
            r#""default":"\"Zoë\" %s 😀 שלום\nis here"}"#,
        );
        for environment in [PushEnvironment::Production, PushEnvironment::Development] {
            let message =
                golden(Channel::Gcm, Platform::Android, environment, FcmStyle::Data, STRANGE);
            assert_eq!(message, (expected.to_owned(), vec![]));
        }
    }

    #[test]
    fn android_gets_a_notification_besides_where_the_deployment_asks_for_one() {
        let (body, _) = golden(
            Channel::Gcm,
            Platform::Android,
            PushEnvironment::Production,
            FcmStyle::Notification,
            "Zoë is here",
        );
        let expected = concat!(
            r#"{"GCM":"{\"fcmV1Message\":{\"message\":{\"android\":{\"notification\":{\"tag\":\"join-212\"},"#,
            r#"\"priority\":\"high\",\"ttl\":\"604800s\"},\"data\":{\"id\":\"212\",\"message\":\"Zoë is here\","#,
            r#"\"phone\":\"16505550123\"},\"notification\":{\"body\":\"Zoë is here\"}}}}","default":"Zoë is here"}"#,
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn through_firebase_ios_and_browsers_get_a_block_that_they_show() {
        let start = r#"{"GCM":"{\"fcmV1Message\":{\"message\":{"#;
        let data =
            r#"\"data\":{\"id\":\"212\",\"message\":\"Zoë is here\",\"phone\":\"16505550123\"}"#;
        let end = r#"}}}","default":"Zoë is here"}"#;
        let ios = concat!(
            r#"\"apns\":{\"headers\":{\"apns-collapse-id\":\"join-212\",\"apns-priority\":\"10\","#,
            r#"\"apns-push-type\":\"alert\"},\"payload\":{\"aps\":{\"alert\":{\"body\":\"Zoë is here\"},"#,
            r#"\"sound\":\"default\",\"thread-id\":\"contacts-joined\"}}}"#,
        );
        let web = concat!(
            r#"\"webpush\":{\"headers\":{\"TTL\":\"604800\",\"Urgency\":\"high\"},"#,
            r#"\"notification\":{\"tag\":\"join-212\",\"title\":\"Zoë is here\"}}"#,
        );
        for (platform, expected) in [
            (Platform::Ios, format!("{start}{ios},{data}{end}")),
            (Platform::Web, format!("{start}{data},{web}{end}")),
        ] {
            for style in [FcmStyle::Data, FcmStyle::Notification] {
                let production = PushEnvironment::Production;
                let message = golden(Channel::Gcm, platform, production, style, "Zoë is here");
                assert_eq!(message, (expected.clone(), vec![]));
            }
        }
    }

    /// Returns the size of the payload inside a message, and the text in it.
    fn payload(channel: Channel, platform: Platform, text: &str) -> (usize, String) {
        let production = PushEnvironment::Production;
        let (body, _) = golden(channel, platform, production, FcmStyle::Notification, text);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let (platform, place) = match channel {
            Channel::Gcm => ("GCM", "/fcmV1Message/message/data/message"),
            Channel::Apns | Channel::ApnsVoip => ("APNS", "/aps/alert/body"),
        };
        let payload = body[platform].as_str().expect("a text");
        let inner: Value = serde_json::from_str(payload).expect("JSON in a text");
        (payload.len(), inner.pointer(place).and_then(Value::as_str).expect("a text").to_owned())
    }

    /// The ways to a device, and how often each payload has the text.
    const WAYS: [(Channel, Platform, usize); 4] = [
        (Channel::Apns, Platform::Ios, 1),
        (Channel::Gcm, Platform::Android, 2),
        (Channel::Gcm, Platform::Ios, 2),
        (Channel::Gcm, Platform::Web, 2),
    ];

    #[test]
    fn the_longest_names_fit_whole_in_an_ordinary_template() {
        let template: Template = "%s is here now. Say hello!".parse().expect("a template");
        for character in ["x", "𝒜", "\"", "א", "%"] {
            let text = template.render(&character.repeat(MAX_NAME_CHARS));
            for (channel, platform, _) in WAYS {
                let (bytes, shown) = payload(channel, platform, &text);
                assert!(
                    bytes <= 4_096 && shown == text,
                    "{character:?} to {platform:?} by {channel:?}: {bytes} bytes"
                );
            }
        }
    }

    #[test]
    fn a_text_that_does_not_fit_is_cut_between_two_characters_and_as_late_as_possible() {
        for character in ["😀", "\u{1}", "\"", "ab", "é"] {
            let text = character.repeat(4_000);
            for (channel, platform, copies) in WAYS {
                let (bytes, shown) = payload(channel, platform, &text);
                let kept = shown.strip_suffix(CUT).expect("it says that it was cut");
                let way = format!("{character:?} to {platform:?} by {channel:?}");
                assert!(text.starts_with(kept) && !kept.is_empty(), "{way}");
                let one_more = json!(character).to_string().len() * copies;
                assert!(bytes <= 4_096 && bytes + one_more > 4_096, "{way}: {bytes} bytes");
            }
        }
    }
}
