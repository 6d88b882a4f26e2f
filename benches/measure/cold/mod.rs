//! Measures cold starts as Lambda makes them: from the process's start to its first poll, its first
//! answer and its second. Functions in Python and Node that do the same in the usual design are
//! measured beside ours.
//!
//! `benches/measure/cold/prepare` builds our functions and installs the SDKs of the others.

mod http;
mod issuer;
mod lambda;
mod stub;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use lambda::Started;
use model::SystemClock;
use serde_json::json;
use store::Store;
use stub::Stub;

use crate::cost::Items;
use crate::report::number;
use crate::upload_settings;
use support::embedded::{database, sealed_store_over};
use support::people::people;
use support::requests::request;

/// The secret of the keys, which every function reads before its first poll.
const SECRET: &str = r#"{"index": "1", "current": "2", "1": "not-a-secret-not-a-secret-not-a-secret", "2": "no-secret-either-no-secret-either-no"}"#;
/// Starts of each function.
const ROUNDS: usize = 20;
/// Contacts in the book that is read.
const BOOK: usize = 300;
/// Contacts of an upload.
const UPLOADED: usize = 100;

/// Contacts of the uploads of growing size. The last is the largest book that a deployment takes by
/// default.
const SIZES: [usize; 6] = [100, 300, 1_000, 3_000, 10_000, 20_000];
/// Starts for each size.
const GROWTH_ROUNDS: usize = 5;

const GET: &str = "`get`";
const INTERNATIONAL: &str = "`upload`, international numbers";
const NATIONAL: &str = "`upload`, national numbers";

/// A function to start.
struct Function {
    name: String,
    /// Its program and arguments.
    command: Vec<PathBuf>,
    /// The two events of a round.
    events: Box<dyn Fn(usize) -> [String; 2]>,
}

/// The database of a round, and where the functions find it.
struct Place {
    folder: PathBuf,
    stub: Stub,
}

impl Place {
    async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("measure-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let embedded = database().await;
        Items::Indexed.create_tables(&embedded.client()).await;
        // The functions in other languages read a book that isn't sealed, so they don't have to
        // open it.
        upload(&embedded.store(), "reader").await;
        let keys = SECRET.parse().expect("a secret of keys");
        upload(&sealed_store_over(embedded.clone(), keys), "sealed-reader").await;
        Self { stub: Stub::start(&embedded, &folder), folder }
    }

    fn start(&self, function: &Function, round: usize) -> Started {
        let [first, second] = (function.events)(round);
        lambda::start(function.command(&self.stub), [&first, &second], || self.stub.take_busy_ms())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).expect("it is ours");
    }
}

/// Measures all functions, and returns the table as Markdown.
pub async fn run() -> String {
    let place = Place::new().await;
    let functions = functions(&place.stub);
    let mut starts: Vec<Vec<Started>> = functions.iter().map(|_| vec![]).collect();
    for round in 0..ROUNDS {
        eprintln!("cold: round {} of {ROUNDS}", round + 1);
        for (function, starts) in functions.iter().zip(&mut starts) {
            starts.push(place.start(function, round));
        }
    }
    table(&functions, &starts)
}

/// Measures the time and memory of a first upload by its size, and returns the table as Markdown.
pub async fn growth() -> String {
    let say = "writing to a string can't fail";
    let place = Place::new().await;
    let mut text = String::from("| contacts | computed | peak memory |\n|--:|--:|--:|\n");
    let mut measured = vec![];
    for size in SIZES {
        let events = move |round: usize| {
            let user = format!("grower-{size}-{round}");
            [(); 2].map(|()| event_of(&user, "POST", "/address_book", Some(contacts(size))))
        };
        let upload = ours("`upload`", "upload", Box::new(events));
        let starts: Vec<Started> =
            (0..GROWTH_ROUNDS).map(|round| place.start(&upload, round)).collect();
        let time = median(starts.iter().map(|start| start.computed).collect());
        let memory = median(starts.iter().map(|start| start.peak_mb).collect());
        writeln!(text, "| {} | {time:.0} ms | {memory:.0} MB |", number(size as f64)).expect(say);
        measured.push((size as f64, time, memory));
    }
    let [.., (size, time, memory)] = measured[..] else { unreachable!("there are sizes") };
    let (from, from_time, from_memory) = measured[2];
    let exponent = |ratio: f64| ratio.ln() / (size / from).ln();
    writeln!(
        text,
        "\nFrom 1,000 contacts to the most, time grows with the power {:.2} of the size, memory with {:.2}.",
        exponent(time / from_time),
        exponent(memory / from_memory)
    )
    .expect(say);
    text
}

async fn upload(store: &Store, user: &str) {
    let event = request("POST", "/address_book", user, Some(contacts(BOOK)));
    assert_eq!(
        upload::handle(store, &SystemClock, &upload_settings(), event).await.status_code,
        200
    );
}

/// Returns the body of an upload.
fn contacts(size: usize) -> String {
    let contacts: Vec<_> = people(7).take(size).map(|person| person.contact()).collect();
    json!({ "contacts": contacts }).to_string()
}

fn functions(stub: &Stub) -> Vec<Function> {
    let reads = |user: &'static str, target: &'static str| {
        move |_: usize| [(); 2].map(|()| event_of(user, "GET", target, None))
    };
    let international = |round: usize| uploads(round, "+1");
    let national = |round: usize| uploads(1_000 + round, "");
    let (issuer, name) = (Arc::clone(&stub.issuer), stub.issuer_url.clone());
    // Somebody signs in for the first time, and another one after them.
    let sign_ins = move |round: usize| {
        [1, 2].map(|nth| {
            let token = issuer.token(&name, &format!("newcomer-{round}-{nth}"));
            event_of(
                "nobody",
                "POST",
                "/session",
                Some(json!({"keys": {"token": token}}).to_string()),
            )
        })
    };
    let mut functions = vec![
        ours(GET, "get", Box::new(reads("sealed-reader", "/address_book"))),
        ours(
            "`registered-users`, compact",
            "registered-users",
            Box::new(reads("sealed-reader", "/address_book/registered_users?compact=1")),
        ),
        ours(INTERNATIONAL, "upload", Box::new(international)),
        ours(NATIONAL, "upload", Box::new(national)),
        ours("`session`, by an issuer's token", "session", Box::new(sign_ins)),
    ];
    for (language, program, folder, ending) in
        [("Python", "python3", "python", "py"), ("Node", "node", "node", "mjs")]
    {
        let script = |what: &str, name: &str, events| {
            let script = root().join(format!("benches/measure/cold/{folder}/{name}.{ending}"));
            Function {
                name: format!("{language}: {what}"),
                command: vec![program.into(), script],
                events,
            }
        };
        functions.push(script(GET, "get", Box::new(reads("reader", "/address_book"))));
        functions.push(script(INTERNATIONAL, "upload", Box::new(international)));
        functions.push(script(NATIONAL, "upload", Box::new(national)));
    }
    functions
}

fn ours(name: &str, binary: &str, events: Box<dyn Fn(usize) -> [String; 2]>) -> Function {
    Function {
        name: name.to_owned(),
        command: vec![root().join("target/release").join(binary)],
        events,
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns two uploads of new contacts by a new user.
fn uploads(round: usize, prefix: &str) -> [String; 2] {
    let body = |nth: usize| {
        let contact = |n: usize| {
            let line = 1_000 + n;
            json!({"name": format!("Somebody {n}"), "phone": format!("{prefix}21{nth}555{line}")})
        };
        json!({"contacts": (0..UPLOADED).map(contact).collect::<Vec<_>>()}).to_string()
    };
    let user = format!("uploader-{round}");
    [2, 3].map(|nth| event_of(&user, "POST", "/address_book", Some(body(nth))))
}

fn event_of(user: &str, method: &str, target: &str, body: Option<String>) -> String {
    serde_json::to_string(&request(method, target, user, body)).expect("an event is JSON")
}

impl Function {
    /// Returns the command with the environment that Lambda and the template give the function, and
    /// nothing else.
    fn command(&self, stub: &Stub) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let tools = root().join(".tools/measure");
        command
            .env("PATH", path)
            .env("PYTHONPATH", tools.join("python"))
            .env("MEASURE_TOOLS", tools);
        command
            .env("AWS_CA_BUNDLE", &stub.ca)
            .env("NODE_EXTRA_CA_CERTS", &stub.ca)
            .env("AWS_ENDPOINT_URL", &stub.url);
        command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &stub.secrets_url);
        command
            .env("ISSUERS", format!("{} app", stub.issuer_url))
            .env("SSL_CERT_FILE", &stub.roots);
        // The tokens here prove no phone.
        command.env("PHONELESS_NUMBERS_BUDGET", "1000000");
        command.envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "session"),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
            ("ADDRESS_BOOKS_TABLE", "AddressBooks"),
            ("CONTACT_OWNERS_TABLE", "ContactOwners"),
            ("USERS_TABLE", "Users"),
            ("SUBSCRIPTIONS_TABLE", "Subscriptions"),
            ("CLAIMS_TABLE", "Claims"),
            ("BUDGETS_TABLE", "Budgets"),
            ("SESSIONS_TABLE", "Sessions"),
            ("SESSION_HOURS", "24"),
            ("KEYS_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys"),
            ("BASELINE_CONTACTS_TABLE", Items::Indexed.contacts()),
            ("HOME_REGION", "US"),
            ("NODE_NO_WARNINGS", "1"),
        ]);
        command
    }
}

fn table(functions: &[Function], starts: &[Vec<Started>]) -> String {
    let say = "writing to a string can't fail";
    let mut text = String::new();
    writeln!(
        text,
        "| function | start → first poll | → first answer | of it the database | second answer | peak memory |"
    )
    .expect(say);
    writeln!(text, "|---|--:|--:|--:|--:|--:|").expect(say);
    for (function, starts) in functions.iter().zip(starts) {
        let of = |value: fn(&Started) -> f64| median(starts.iter().map(value).collect());
        writeln!(
            text,
            "| {} | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.0} MB |",
            function.name,
            of(|start| start.first_poll),
            of(|start| start.first_answer),
            of(|start| start.database),
            of(|start| start.second_answer),
            of(|start| start.peak_mb),
        )
        .expect(say);
    }
    text + "\n" + &ahead(functions, starts)
}

/// Returns a table of how many times faster each function is than the others, from its start to its
/// first answer, with the database's time and without it.
fn ahead(functions: &[Function], starts: &[Vec<Started>]) -> String {
    let say = "writing to a string can't fail";
    let took = |name: &str, value: fn(&Started) -> f64| {
        let place =
            functions.iter().position(|function| function.name == name).expect("it was measured");
        median(starts[place].iter().map(value).collect())
    };
    let all = |start: &Started| start.first_poll + start.first_answer;
    let without_database = |start: &Started| start.first_poll + start.first_answer - start.database;
    let mut text = String::from(
        "| from start to first answer | Python | Node | without the database: Python | Node |\n",
    );
    writeln!(text, "|---|--:|--:|--:|--:|").expect(say);
    for what in [GET, INTERNATIONAL, NATIONAL] {
        let of = |language: &str, value: fn(&Started) -> f64| {
            took(&format!("{language}: {what}"), value) / took(what, value)
        };
        let (python, node) = (of("Python", all), of("Node", all));
        let (python_alone, node_alone) =
            (of("Python", without_database), of("Node", without_database));
        writeln!(
            text,
            "| {what} | {python:.0}× | {node:.0}× | {python_alone:.0}× | {node_alone:.0}× |"
        )
        .expect(say);
    }
    text
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}
