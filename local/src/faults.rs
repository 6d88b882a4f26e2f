//! Faults on purpose: answers that fail, come late or never come, so that an app can be watched while
//! the API is ill.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::{ApiError, MAX_BODY_BYTES, ROUTES, Route, find};
use serde::{Deserialize, Serialize};

/// The longest delay. Graver is an answer that never comes.
const MAX_DELAY_MS: u64 = 60_000;
/// How many seconds a client is told to wait after 429 or 503.
const RETRY_AFTER_SECONDS: u32 = 2;
/// The statuses that the API answers errors with.
const STATUSES: [u16; 10] = [400, 401, 403, 404, 413, 415, 422, 429, 500, 503];
/// Shares are counted in millionths.
const WHOLE: u32 = 1_000_000;

/// What happens to requests of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The route; every one, if there is none.
    route: Option<Route>,
    effect: Effect,
    /// How many of a million requests it happens to.
    share: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The request isn't worked on, and answered with this status, after a while.
    Status { status: u16, delay_ms: u64 },
    /// The request is worked on after a while.
    Delay { delay_ms: u64 },
    /// The request is worked on after a while, and its answer never comes: the connection ends.
    Drop { delay_ms: u64 },
}

/// Why a fault can't be read, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultError(pub(crate) String);

/// A fault as JSON has it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FaultJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    drop: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
}

impl TryFrom<FaultJson> for Fault {
    type Error = FaultError;

    fn try_from(json: FaultJson) -> Result<Self, FaultError> {
        let FaultJson { route, status, delay_ms, drop, share } = json;
        let delay = delay_ms.unwrap_or(0);
        if delay > MAX_DELAY_MS {
            return Err(FaultError(format!("delay_ms must be {MAX_DELAY_MS} at most.")));
        }
        let effect = match (status, drop) {
            (Some(_), true) => {
                let message = "A fault has a status or drops the answer, not both.";
                return Err(FaultError(message.to_owned()));
            }
            (Some(status), false) if !STATUSES.contains(&status) => {
                return Err(FaultError(format!(
                    "The API has no such status: use one of {STATUSES:?}."
                )));
            }
            (Some(status), false) => Effect::Status { status, delay_ms: delay },
            (None, true) => Effect::Drop { delay_ms: delay },
            (None, false) if delay > 0 => Effect::Delay { delay_ms: delay },
            (None, false) => {
                let message = "A fault needs a status, a delay_ms above 0, or drop.";
                return Err(FaultError(message.to_owned()));
            }
        };
        let share = share.unwrap_or(1.0);
        let millionths = (share * f64::from(WHOLE)).round();
        if !(1.0..=f64::from(WHOLE)).contains(&millionths) {
            return Err(FaultError("share must be above 0, and 1 at most.".to_owned()));
        }
        let route = route.as_deref().map(route_of).transpose()?;
        Ok(Self { route, effect, share: millionths as u32 })
    }
}

impl From<&Fault> for FaultJson {
    fn from(fault: &Fault) -> Self {
        let (status, delay_ms, drop) = match fault.effect {
            Effect::Status { status, delay_ms } => (Some(status), delay_ms, false),
            Effect::Delay { delay_ms } => (None, delay_ms, false),
            Effect::Drop { delay_ms } => (None, delay_ms, true),
        };
        Self {
            route: fault.route.map(name_of),
            status,
            delay_ms: Some(delay_ms).filter(|delay| *delay > 0),
            drop,
            share: Some(f64::from(fault.share) / f64::from(WHOLE)),
        }
    }
}

/// Reads a fault of the command line: `[METHOD /path=]EFFECT[@SHARE]`, whose effect is a status, a
/// delay such as `2000ms`, or `drop`.
impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (rest, share) = match text.rsplit_once('@') {
            Some((rest, share)) => {
                let share = share.parse().map_err(|_| {
                    FaultError(format!("{share} isn't a share: use a number such as 0.5"))
                });
                (rest, Some(share?))
            }
            None => (text, None),
        };
        let (route, effect) = match rest.rsplit_once('=') {
            Some((route, effect)) => (Some(route.to_owned()), effect),
            None => (None, rest),
        };
        let mut json = FaultJson { route, share, ..FaultJson::default() };
        if effect == "drop" {
            json.drop = true;
        } else if let Some(delay) = effect.strip_suffix("ms").and_then(|ms| ms.parse().ok()) {
            json.delay_ms = Some(delay);
        } else if let Ok(status) = effect.parse() {
            json.status = Some(status);
        } else {
            let message =
                "isn't an effect: use a status such as 503, a delay such as 2000ms, or drop";
            return Err(FaultError(format!("{effect} {message}")));
        }
        Self::try_from(json)
    }
}

/// Shows what happens, without the route.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, delay_ms) = match *self {
            Self::Status { status, delay_ms } => (format!("status {status}"), delay_ms),
            Self::Delay { delay_ms } => (String::new(), delay_ms),
            Self::Drop { delay_ms } => ("answer dropped".to_owned(), delay_ms),
        };
        let late = Some(format!("{delay_ms} ms late")).filter(|_| delay_ms > 0);
        let said = [Some(what).filter(|what| !what.is_empty()), late];
        f.write_str(&said.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Effect {
    pub(crate) fn delay_ms(self) -> u64 {
        match self {
            Self::Status { delay_ms, .. } | Self::Delay { delay_ms } | Self::Drop { delay_ms } => {
                delay_ms
            }
        }
    }
}

fn route_of(text: &str) -> Result<Route, FaultError> {
    let found = text.split_once(' ').and_then(|(method, path)| find(method, path.trim()));
    let unknown = || {
        let routes: Vec<String> = ROUTES.into_iter().map(name_of).collect();
        FaultError(format!("There is no such route: use one of {}.", routes.join(", ")))
    };
    found.map(|(route, _)| route).ok_or_else(unknown)
}

/// Returns a route as people write it: `POST /address_book`.
pub(crate) fn name_of(route: Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// Returns the error that the API answers with this status.
pub(crate) fn error(status: u16) -> ApiError {
    let error = |field, message: &str, retry_after| ApiError {
        status,
        field,
        message: message.to_owned(),
        retry_after,
        cause: None,
    };
    match status {
        400 => ApiError::malformed("The request can't be read."),
        401 => ApiError::no_session(),
        403 => ApiError::forbidden(),
        404 => ApiError::no_route(),
        413 => ApiError::too_large(MAX_BODY_BYTES),
        415 => ApiError::unknown_media_type(),
        422 => ApiError::unacceptable("base", "The request isn't acceptable."),
        429 => {
            let message = "Too many requests came of late. Please try again later.";
            error("base", message, Some(RETRY_AFTER_SECONDS))
        }
        503 => {
            let message = "The service is busy. Please try again.";
            error("base", message, Some(RETRY_AFTER_SECONDS))
        }
        _ => error("base", "Something went wrong on our side.", None),
    }
}

/// The faults of this process, in the order in which they were set. Clones are the same faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Vec<Active>>>);

#[derive(Debug)]
struct Active {
    fault: Fault,
    /// What of its share is due, in millionths of a request. So a share of a half means every second
    /// request, and a test can count on it.
    due: u32,
}

impl Faults {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let these = Self::default();
        faults.iter().for_each(|fault| these.add(fault.clone()));
        these
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(Active { fault, due: 0 });
    }

    /// Ends all faults. Returns how many there were.
    pub(crate) fn end(&self) -> usize {
        std::mem::take(&mut *self.lock()).len()
    }

    pub(crate) fn list(&self) -> Vec<FaultJson> {
        self.lock().iter().map(|active| FaultJson::from(&active.fault)).collect()
    }

    /// Returns what happens to the next request of this method and path, if anything does: the first
    /// fault that is due.
    pub(crate) fn next(&self, method: &str, path: &str) -> Option<Effect> {
        let (route, _) = find(method, path)?;
        let mut faults = self.lock();
        let of_route = |active: &&mut Active| active.fault.route.is_none_or(|one| one == route);
        faults.iter_mut().filter(of_route).find_map(|active| {
            active.due += active.fault.share;
            let is_due = active.due >= WHOLE;
            active.due %= WHOLE;
            is_due.then_some(active.fault.effect)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Active>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of_json(json: Value) -> Result<Fault, FaultError> {
        serde_json::from_value::<FaultJson>(json).expect("its fields are known").try_into()
    }

    #[test]
    fn a_fault_of_the_command_line_is_the_one_of_json() {
        for (line, json) in [
            ("503", json!({"status": 503})),
            ("drop@0.25", json!({"drop": true, "share": 0.25})),
            ("2000ms", json!({"delay_ms": 2000})),
            ("POST /address_book=503@0.5", {
                json!({"route": "POST /address_book", "status": 503, "share": 0.5})
            }),
            ("GET /users/7=404", json!({"route": "GET /users/{id}", "status": 404})),
        ] {
            let fault: Fault = line.parse().expect(line);
            assert_eq!(Ok(&fault), of_json(json).as_ref(), "{line}");
            let again = FaultJson::from(&fault).try_into();
            assert_eq!(Ok(fault), again, "{line} comes back as it was");
        }
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused_with_a_sentence() {
        for (json, expected) in [
            (json!({}), "needs a status"),
            (json!({"status": 503, "drop": true}), "not both"),
            (json!({"status": 200}), "no such status"),
            (json!({"status": 503, "share": 0}), "share must be"),
            (json!({"status": 503, "share": 1.1}), "share must be"),
            (json!({"delay_ms": 60_001}), "at most"),
            (json!({"status": 503, "route": "POST /nowhere"}), "POST /address_book, "),
            (json!({"status": 503, "route": "/address_book"}), "no such route"),
        ] {
            let error = of_json(json.clone()).expect_err("refused").to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
        for line in ["", "slow", "503@", "503@x", "POST /nowhere=503", "-1ms"] {
            assert!(line.parse::<Fault>().is_err(), "{line}");
        }
    }

    #[test]
    fn a_share_is_kept_to_the_request() {
        let faults = Faults::new(&[
            "POST /address_book=503@0.5".parse().expect("a fault"),
            "drop@0.25".parse().expect("a fault"),
        ]);
        let next =
            |method| faults.next(method, "/address_book.json").map(|effect| effect.to_string());
        let uploads: Vec<_> = (0..4).map(|_| next("POST").unwrap_or_default()).collect();
        assert_eq!(uploads, ["", "status 503", "", "status 503"]);
        let reads: Vec<_> = (0..3).map(|_| next("GET").unwrap_or_default()).collect();
        assert_eq!(reads, ["", "answer dropped", ""]);
        assert_eq!(faults.next("GET", "/nowhere"), None);
        assert_eq!((faults.end(), faults.end(), next("POST")), (2, 0, None));
    }

    #[test]
    fn an_injected_status_has_the_shape_of_the_api() {
        for status in STATUSES {
            let error = error(status);
            assert_eq!(error.status, status);
            assert_eq!(error.retry_after.is_some(), [429, 503].contains(&status), "{status}");
            assert!(
                error.body()["errors"]["base"][0].as_str().is_some_and(|text| !text.is_empty())
            );
        }
    }
}
