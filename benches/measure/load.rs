//! Warm handlers under concurrent callers, and phones by the ten thousand.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use serde_json::{Value, json};
use shared::domain::{HomeRegion, Phone, Region};
use shared::protocol::SystemClock;
use shared::store::Store;

use crate::report::number;
use crate::support::embedded::database;
use crate::support::people::{Person, people};
use crate::support::requests::request;
use crate::support::upload_settings;

/// Contacts of each caller's book.
const BOOK: usize = 300;
/// Callers, each with a book of their own.
const CALLERS: [usize; 3] = [1, 8, 64];
/// Requests of each measurement.
const REQUESTS: usize = 2_000;

/// What a caller asks for, again and again.
#[derive(Clone, Copy)]
enum Work {
    Get,
    Compact,
    Full,
    SameAgain,
    OneChangedName,
}

impl Work {
    const ALL: [Self; 5] = [Self::Get, Self::Compact, Self::Full, Self::SameAgain, Self::OneChangedName];

    fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Compact => "registered users, compact",
            Self::Full => "registered users, full",
            Self::SameAgain => "upload, the same again",
            Self::OneChangedName => "upload, one changed name",
        }
    }

    fn request(self, caller: usize, nth: usize, book: &[Person]) -> ApiGatewayV2httpRequest {
        let user = format!("caller-{caller}");
        let read = |target| request("GET", target, &user, None);
        let upload = |contacts: Value| {
            request("POST", "/address_book", &user, Some(json!({ "contacts": contacts }).to_string()))
        };
        match self {
            Self::Get => read("/address_book"),
            Self::Compact => read("/address_book/registered_users?compact=1"),
            Self::Full => read("/address_book/registered_users"),
            Self::SameAgain => upload(contacts(book)),
            Self::OneChangedName => upload(json!([{"name": format!("Name {nth}"), "phone": book[0].phone}])),
        }
    }

    async fn answer(self, store: &Store, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        match self {
            Self::Get => get::handle(store, request).await,
            Self::Compact | Self::Full => registered_users::handle(store, request).await,
            Self::SameAgain | Self::OneChangedName => {
                upload::handle(store, &SystemClock, &upload_settings(), request).await
            }
        }
    }
}

fn contacts(people: &[Person]) -> Value {
    people.iter().map(|person| json!({"name": person.name, "phone": person.phone})).collect()
}

/// The table, as Markdown.
pub fn run() -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let say = "writing to a string can't fail";
    let mut text = String::from("| handler | callers | requests per second | p50 | p99 |\n|---|--:|--:|--:|--:|\n");
    for work in Work::ALL {
        for callers in CALLERS {
            eprintln!("load: {}, {callers} callers", work.name());
            let (seconds, mut times) = runtime.block_on(measure(work, callers));
            times.sort_by(f64::total_cmp);
            let quantile = |of: f64| times[((times.len() - 1) as f64 * of) as usize];
            let rate = number((times.len() as f64 / seconds).round());
            let (half, most) = (quantile(0.5), quantile(0.99));
            writeln!(text, "| {} | {callers} | {rate} | {half:.2} ms | {most:.2} ms |", work.name()).expect(say);
        }
    }
    text
}

/// Seconds that all requests took, and milliseconds of each.
async fn measure(work: Work, callers: usize) -> (f64, Vec<f64>) {
    let store = Arc::new(database().await.store());
    let book: Arc<Vec<Person>> = Arc::new(people(7).take(BOOK).collect());
    for caller in 0..callers {
        let request = Work::SameAgain.request(caller, 0, &book);
        let answer = upload::handle(store.as_ref(), &SystemClock, &upload_settings(), request).await;
        assert_eq!(answer.status_code, 200);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks = (0..callers).map(|caller| {
        let (store, book, next) = (Arc::clone(&store), Arc::clone(&book), Arc::clone(&next));
        tokio::spawn(async move {
            let mut times = vec![];
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= REQUESTS {
                    return times;
                }
                let request = work.request(caller, nth, &book);
                let sent = Instant::now();
                assert_eq!(work.answer(&store, request).await.status_code, 200);
                times.push(sent.elapsed().as_secs_f64() * 1_000.0);
                // The database answers at once, so that a caller would never let go.
                tokio::task::yield_now().await;
            }
        })
    });
    let mut all = vec![];
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.expect("no panic"));
    }
    (started.elapsed().as_secs_f64(), all)
}

/// Ten thousand phones of all countries, read in several home regions; as Markdown.
pub fn phones() -> String {
    let say = "writing to a string can't fail";
    let mut text = String::from("| home region | loading | 10,000 phones | accepted |\n|---|--:|--:|--:|\n");
    let phones = worst_mix();
    for region in ["US", "DE", "IN", "BR", "GB", "RU"] {
        let home = HomeRegion::from(region.parse::<Region>().expect("a region"));
        let started = Instant::now();
        let _ = Phone::read("6502530000", &home);
        let loading = started.elapsed().as_secs_f64() * 1_000.0;
        let started = Instant::now();
        let accepted = phones.iter().filter(|phone| Phone::read(phone, &home).is_ok()).count();
        let all = started.elapsed().as_secs_f64() * 1_000.0;
        writeln!(text, "| {region} | {loading:.1} ms | {all:.0} ms | {} |", number(accepted as f64)).expect(say);
    }
    text
}

/// Each country's example numbers as they are dialled at home, from abroad, with a plus, and as bare digits,
/// the countries taking turns, so that no two neighbours share a pattern.
fn worst_mix() -> Vec<String> {
    let mut examples = vec![];
    for metadata in phonenumber::metadata::DATABASE.iter().filter(|metadata| metadata.id() != "001") {
        let kinds = metadata.descriptors();
        let prefix = metadata.national_prefix().unwrap_or_default();
        let code = metadata.country_code();
        for kind in [kinds.mobile(), kinds.fixed_line(), kinds.toll_free()].into_iter().flatten() {
            let Some(example) = kind.example() else { continue };
            examples.extend([
                format!("{prefix}{example}"),
                format!("+{code} {example}"),
                format!("00{code}{example}"),
                format!("{code}{example}"),
            ]);
        }
    }
    examples.sort();
    fastrand::Rng::with_seed(7).shuffle(&mut examples);
    examples.into_iter().cycle().take(10_000).collect()
}
