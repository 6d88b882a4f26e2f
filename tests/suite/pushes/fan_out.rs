//! Tests of a joiner who is in very many books. All of their owners are told, in parts that are
//! messages of their own, whatever dies on the way. Nobody else's join waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use model::{Change, Mode, Scope};
use protocol::queue::{BookMessage, Joiner};
use protocol::{PhoneClaim, ProfilePatch, sign_up};
use serde_json::{Value, json};
use store::{HolderReader, OwnerRange, Store};
use tokio::sync::Notify;

use super::{BEYOND_LEASE_MS, Town};
use support::embedded::{Embedded, store_over};
use support::phones::endpoint;
use support::{contact, phone, upload_as, upload_of, user};

/// Books that hold the joiner, unless `EXHAUSTIVE` is set.
const OWNERS: usize = 2_500;
/// Books that hold the joiner if it is: 30 queries of hints, and 300 messages.
const ALL_OWNERS: usize = 30_000;
/// The most hints of one query, see `shared/protocol`.
const HINTS_PER_QUERY: usize = 1_000;
/// Books of one message.
const BOOKS_PER_MESSAGE: usize = 100;
/// Messages of one invocation (`BatchSize` in the template).
const MESSAGES_PER_INVOCATION: usize = 5;
/// Pushes of one invocation (`BatchSize` in the template). As many may be sent and not yet marked.
const PUSHES_PER_INVOCATION: usize = 10;
/// Requests for one book, including attempts that lost against another one.
const REQUESTS_PER_BOOK: usize = 10;
/// Requests for one push.
const REQUESTS_PER_PUSH: usize = 10;

/// A connection to the database on which an invocation dies after a number of requests.
#[derive(Clone, Debug)]
struct Mortal {
    embedded: Embedded,
    left: Arc<AtomicI64>,
    largest_answer: Arc<AtomicUsize>,
    died: Arc<Notify>,
}

impl Mortal {
    fn over(town: &Town) -> Self {
        Self {
            embedded: town.embedded.clone(),
            left: Arc::default(),
            largest_answer: Arc::default(),
            died: Arc::default(),
        }
    }

    /// Returns the store of an invocation that dies after `requests` requests, before it makes one
    /// more.
    fn store(&mut self, requests: usize) -> Store {
        self.died = Arc::default();
        self.left.store(i64::try_from(requests).expect("few"), Ordering::SeqCst);
        store_over(self.clone())
    }
}

impl HttpConnector for Mortal {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.died.notify_one();
            return HttpConnectorFuture::new(std::future::pending());
        }
        let response = self.embedded.call_now(&request);
        let bytes = response.body().bytes().unwrap_or_default().len();
        self.largest_answer.fetch_max(bytes, Ordering::SeqCst);
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// Copies everything that [`FIRST`] has, `copies` times.
fn multiply(town: &Town, copies: usize) {
    let tables = local::tables();
    for table in [&tables.address_books, &tables.contact_owners, &tables.subscriptions] {
        let scan = serde_json::from_value(json!({ "TableName": table })).expect("a request");
        let scanned =
            serde_json::to_value(town.embedded.0.scan(scan).expect("scanned")).expect("JSON");
        let mut items = scanned["Items"].as_array().expect("an array").iter();
        // The item that says whose a token is doesn't matter here, and would be the same for all
        // copies.
        let first = items.find(|item| item["sk"]["S"] != "token").expect("an item").to_string();
        let numbers: Vec<usize> = (1..=copies).collect();
        for chunk in numbers.chunks(25) {
            let put = |n: &usize| {
                let item: Value =
                    serde_json::from_str(&first.replace(FIRST, &copy(*n))).expect("JSON");
                json!({"PutRequest": {"Item": item}})
            };
            let puts: Vec<Value> = chunk.iter().map(put).collect();
            let batch = serde_json::from_value(json!({ "RequestItems": { table: puts } }))
                .expect("a request");
            town.embedded.0.batch_write_item(batch).expect("written");
        }
    }
}

fn copy(n: usize) -> String {
    format!("owner-{n:06}")
}

/// The user whose items are copied.
const FIRST: &str = "owner-xxxxxx";

#[tokio::test(start_paused = true)]
async fn a_joiner_in_very_many_books_is_announced_to_all_of_them_whatever_dies() {
    let owners = if support::is_exhaustive() { ALL_OWNERS } else { OWNERS };
    let seed = support::seed("FAN_OUT_SEED");
    let town = Town::new().await;
    town.subscribed(FIRST).await;
    multiply(&town, owners - 1);
    town.signs_up("joy", &ProfilePatch::default()).await;
    let mut run = Run {
        random: fastrand::Rng::with_seed(seed),
        joins: town.messages(&Value::Null).await,
        mortal: Mortal::over(&town),
        town,
        invocations: 0,
        deaths: 0,
    };
    let mut somebody_else_joined = false;
    while run.deliver().await {
        if !somebody_else_joined && run.town.queue.waiting() > owners / BOOKS_PER_MESSAGE / 2 {
            somebody_else_joined = true;
            run.another_join_does_not_wait().await;
        }
    }
    assert!(somebody_else_joined, "the parts never filled their queue");
    run.check(owners);
}

/// A run that goes on until all queues are empty.
struct Run {
    town: Town,
    mortal: Mortal,
    /// The queue of joins, which has an event source of its own.
    joins: Vec<BookMessage>,
    random: fastrand::Rng,
    invocations: usize,
    deaths: usize,
}

impl Run {
    /// Delivers one batch of messages and one of pushes. Returns `false` if all queues are empty.
    async fn deliver(&mut self) -> bool {
        let told = self.deliver_messages().await;
        let pushed = self.deliver_pushes().await;
        told || pushed
    }

    /// Returns a store for one invocation. Every fourth one dies somewhere in the first third of the
    /// requests that it may make.
    fn store(&mut self, most: usize) -> (Store, bool) {
        self.invocations += 1;
        let dies = self.random.u8(..4) == 0;
        let requests = if dies { self.random.usize(..most / 3) } else { most };
        (self.mortal.store(requests), dies)
    }

    /// Counts the death of an invocation. Its messages come again.
    fn died(&mut self, dies: bool) {
        assert!(dies, "an invocation makes more requests than it has time for");
        self.deaths += 1;
        self.town.clock.pass(BEYOND_LEASE_MS);
    }

    /// Delivers one batch of pushes. Returns `false` if there are none.
    async fn deliver_pushes(&mut self) -> bool {
        let pushes = self.town.queue.receive_pushes(PUSHES_PER_INVOCATION);
        if pushes.is_empty() {
            return false;
        }
        let (store, dies) = self.store(PUSHES_PER_INVOCATION * REQUESTS_PER_PUSH);
        let again = tokio::select! {
            biased;
            () = self.mortal.died.notified() => None,
            (again, _) = self.town.push_over(&store, &pushes, u64::MAX) => Some(again),
        };
        if again.is_none() {
            self.died(dies);
        }
        self.town.queue.give_pushes_back(again.unwrap_or(pushes));
        true
    }

    /// Delivers one batch, from the queue of joins first. Returns `false` if both are empty.
    async fn deliver_messages(&mut self) -> bool {
        let joins = std::mem::take(&mut self.joins);
        let messages =
            if joins.is_empty() { self.town.queue.receive(MESSAGES_PER_INVOCATION) } else { joins };
        if messages.is_empty() {
            return false;
        }
        let (store, dies) =
            self.store(BOOKS_PER_MESSAGE * MESSAGES_PER_INVOCATION * REQUESTS_PER_BOOK);
        let again = tokio::select! {
            biased;
            () = self.mortal.died.notified() => None,
            (again, _) = self.town.invoke_over(&store, &messages, u64::MAX) => Some(again),
        };
        if again.is_none() {
            self.died(dies);
        }
        let again = again.unwrap_or(messages);
        let (whole, parts): (Vec<_>, Vec<_>) =
            again.into_iter().partition(|message| message.range == OwnerRange::default());
        self.joins.extend(whole);
        self.town.queue.give_back(parts);
        true
    }

    /// Another user signs up while the parts wait. One invocation tells of that join, and handles
    /// none of the parts.
    async fn another_join_does_not_wait(&mut self) {
        const OTHER: &str = "16505550199";
        let put = upload_of(Mode::Merge, vec![Change::Put(contact(OTHER, "Jim"))]);
        upload_as(&user("dan"), &self.town.store, &Scope::Global, &put).await.expect("uploaded");
        self.town.device("dan", "pixel", "dan").await;
        let claim = PhoneClaim::Proven(phone(OTHER));
        let patch = ProfilePatch::default();
        sign_up(&self.town.store, &self.town.clock, &user("jim"), claim, &patch)
            .await
            .expect("signed up");
        let holder =
            self.town.store.holder(phone(OTHER)).await.expect("readable").expect("a holder");
        let joiner = Some(Joiner::from(&holder));
        let message = BookMessage {
            phone: phone(OTHER),
            joiner,
            sequence: holder.sequence,
            changed_at_ms: None,
            range: OwnerRange::default(),
        };
        let waiting = self.town.queue.waiting();
        let pushes = self.town.queue.take_pushes();
        assert_eq!(self.town.invoke(&[message]).await.0, []);
        assert_eq!(self.town.push(&self.town.queue.take_pushes()).await.0, []);
        self.town.queue.give_pushes_back(pushes);
        assert_eq!((self.town.phones.taken("dan"), self.town.queue.waiting()), (1, waiting));
    }

    /// Checks that everybody was told, and that only users who were being told when an invocation
    /// died were told twice.
    fn check(&self, owners: usize) {
        let taken = self.town.phones.all_taken();
        let told = |name: &str| taken.get(&endpoint(name)).copied().unwrap_or_default();
        let each: Vec<usize> =
            std::iter::once(told(FIRST)).chain((1..owners).map(|n| told(&copy(n)))).collect();
        let skipped = each.iter().filter(|pushes| **pushes == 0).count();
        let twice = each.iter().sum::<usize>().saturating_sub(owners);
        let (largest, most) =
            (self.mortal.largest_answer.load(Ordering::SeqCst), self.town.queue.most_at_once());
        println!(
            "{owners} owners: {} invocations, {} of them died; {skipped} skipped, {twice} pushed again; \
             largest answer {largest} bytes, most messages at once {most}",
            self.invocations, self.deaths
        );
        assert_eq!((each.len(), skipped), (owners, 0));
        assert!(
            twice <= self.deaths * PUSHES_PER_INVOCATION,
            "{twice} pushes again after {} deaths",
            self.deaths
        );
        // What an invocation holds at once doesn't grow with the number of books.
        assert!(largest <= HINTS_PER_QUERY * 200, "an answer of {largest} bytes");
        assert!(most <= HINTS_PER_QUERY / BOOKS_PER_MESSAGE + 1, "{most} messages at once");
    }
}
