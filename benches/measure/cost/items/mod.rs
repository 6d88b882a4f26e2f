//! The design that a tutorial gives: an item per contact, an index on the phone, and the users
//! looked up one by one when somebody asks. It is as thrifty as that design allows: it reads
//! eventually consistently, and writes only what changed.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, DeleteRequest, GlobalSecondaryIndex,
    KeySchemaElement, KeyType, KeysAndAttributes, Projection, ProjectionType, PutRequest,
    ScalarAttributeType, WriteRequest,
};

use super::{ADDED, BOOKS_OF_JOINER, COMPACT, Input, JOINED, Measured, Row, subject};
use support::embedded::{Embedded, client_over, database, stored_bytes};
use support::meter::Meter;
use support::people::Person;

pub const CONTACTS: &str = "BaselineContacts";
const USERS: &str = "BaselineUsers";
const BY_PHONE: &str = "by-phone";

type Item = HashMap<String, AttributeValue>;

struct Baseline {
    embedded: Embedded,
    meter: Meter,
    client: Client,
    rows: Vec<Row>,
}

pub async fn measure(input: &Input) -> Measured {
    let embedded = database().await;
    create_tables(&embedded.client()).await;
    let meter = Meter::new(embedded.clone());
    let mut baseline =
        Baseline { embedded, client: client_over(meter.clone()), meter, rows: vec![] };
    for (number, person) in input.registered().enumerate() {
        baseline.sign_up(1_000_000 + number, person).await;
    }
    baseline.meter.take();
    let stored_per_contact = baseline.uploads(input).await;
    baseline.reads().await;
    baseline.join(input).await;
    Measured { rows: baseline.rows, stored_per_contact }
}

impl Baseline {
    async fn uploads(&mut self, input: &Input) -> f64 {
        self.upload("first upload", &input.book, false).await;
        // The index stores each item once more.
        let stored = 2 * stored_bytes(&self.embedded, CONTACTS);
        self.upload("same upload again", &input.book, false).await;
        self.single(ADDED, &input.newcomer).await;
        let renamed = Person { name: "Somebody Else".to_owned(), ..input.newcomer.clone() };
        self.single("one changed name", &renamed).await;
        let key = key(&subject(0), &input.newcomer.digits());
        self.client
            .delete_item()
            .table_name(CONTACTS)
            .set_key(Some(key))
            .send()
            .await
            .expect("deleted");
        self.row("one removed");
        self.upload("replaced by a book half the same", &input.half_new, true).await;
        self.upload("", &input.book, true).await;
        stored as f64 / input.book.len() as f64
    }

    /// Reads the stored contacts, to answer how many were created and updated, and writes those
    /// that differ.
    async fn upload(&mut self, what: &'static str, people: &[Person], force: bool) {
        let user = subject(0);
        let mut there: HashMap<String, Item> = self
            .contacts(&user)
            .await
            .into_iter()
            .map(|item| (text(&item, "phone"), item))
            .collect();
        let mut writes = vec![];
        for person in people {
            let item = contact(&user, person);
            if there.remove(&person.digits()).as_ref() != Some(&item) {
                let put =
                    PutRequest::builder().set_item(Some(item)).build().expect("the item is set");
                writes.push(WriteRequest::builder().put_request(put).build());
            }
        }
        for phone in there.into_keys().filter(|_| force) {
            let delete = DeleteRequest::builder()
                .set_key(Some(key(&user, &phone)))
                .build()
                .expect("the key is set");
            writes.push(WriteRequest::builder().delete_request(delete).build());
        }
        for batch in writes.chunks(25) {
            let request = self.client.batch_write_item().request_items(CONTACTS, batch.to_vec());
            request.send().await.expect("written");
        }
        self.row(what);
    }

    /// Uploads one contact. It reads that contact alone.
    async fn single(&mut self, what: &'static str, person: &Person) {
        let user = subject(0);
        let key = key(&user, &person.digits());
        self.client.get_item().table_name(CONTACTS).set_key(Some(key)).send().await.expect("read");
        let put =
            self.client.put_item().table_name(CONTACTS).set_item(Some(contact(&user, person)));
        put.send().await.expect("written");
        self.row(what);
    }

    async fn contacts(&self, user: &str) -> Vec<Item> {
        let query =
            self.client.query().table_name(CONTACTS).key_condition_expression("user_id = :user");
        let mut pages = query
            .expression_attribute_values(":user", AttributeValue::S(user.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut items = vec![];
        while let Some(item) = pages.next().await {
            items.push(item.expect("read"));
        }
        items
    }

    async fn reads(&mut self) {
        self.contacts(&subject(0)).await;
        self.row("get");
        for what in ["registered users, full", COMPACT] {
            let phones: Vec<Item> = self
                .contacts(&subject(0))
                .await
                .into_iter()
                .map(|mut item| {
                    HashMap::from([("phone".to_owned(), item.remove("phone").expect("its key"))])
                })
                .collect();
            for batch in phones.chunks(100) {
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(batch.to_vec()))
                    .build()
                    .expect("keys are set");
                self.client.batch_get_item().request_items(USERS, keys).send().await.expect("read");
            }
            self.row(what);
        }
    }

    /// Signs the joiner up, and asks the index whom to tell.
    async fn join(&mut self, input: &Input) {
        let plain = self.embedded.client();
        for owner in 1..=BOOKS_OF_JOINER {
            let item = contact(&subject(owner), &input.joiner);
            plain
                .put_item()
                .table_name(CONTACTS)
                .set_item(Some(item))
                .send()
                .await
                .expect("written");
        }
        self.meter.take();
        self.sign_up(2_000_000, &input.joiner).await;
        let query = self.client.query().table_name(CONTACTS).index_name(BY_PHONE);
        let phone = AttributeValue::S(input.joiner.digits());
        let owners = query
            .key_condition_expression("phone = :phone")
            .expression_attribute_values(":phone", phone);
        let owners = owners.send().await.expect("read").items.unwrap_or_default();
        assert_eq!(owners.len(), BOOKS_OF_JOINER);
        self.row(JOINED);
    }

    async fn sign_up(&self, number: usize, person: &Person) {
        let item = HashMap::from([
            ("phone".to_owned(), AttributeValue::S(person.digits())),
            ("user_id".to_owned(), AttributeValue::S(subject(number))),
            ("id".to_owned(), AttributeValue::N(number.to_string())),
            ("created_at_ms".to_owned(), AttributeValue::N("1700000000123".to_owned())),
        ]);
        self.client
            .put_item()
            .table_name(USERS)
            .set_item(Some(item))
            .send()
            .await
            .expect("written");
    }

    fn row(&mut self, what: &'static str) {
        let units = self.meter.take();
        assert_eq!(units.read + units.written, units.answered, "{what}: rules and answers differ");
        if !what.is_empty() {
            self.rows.push((what, units));
        }
    }
}

fn key(user: &str, phone: &str) -> Item {
    let attribute =
        |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
    HashMap::from([attribute("user_id", user), attribute("phone", phone)])
}

fn contact(user: &str, person: &Person) -> Item {
    let mut item = key(user, &person.digits());
    item.insert("name".to_owned(), AttributeValue::S(person.name.clone()));
    item.insert("phone_as_uploaded".to_owned(), AttributeValue::S(person.phone.clone()));
    item
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().expect("a text").clone()
}

pub async fn create_tables(client: &Client) {
    let index = GlobalSecondaryIndex::builder()
        .index_name(BY_PHONE)
        .set_key_schema(Some(schema(&["phone", "user_id"])))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .expect("name and keys are set");
    let contacts = client.create_table().table_name(CONTACTS).global_secondary_indexes(index);
    for (table, keys) in [
        (contacts, &["user_id", "phone"][..]),
        (client.create_table().table_name(USERS), &["phone"]),
    ] {
        let definitions = keys.iter().map(|key| {
            let definition = AttributeDefinition::builder().attribute_name(*key);
            definition
                .attribute_type(ScalarAttributeType::S)
                .build()
                .expect("name and type are set")
        });
        let table = table
            .set_key_schema(Some(schema(keys)))
            .set_attribute_definitions(Some(definitions.collect()));
        table.billing_mode(BillingMode::PayPerRequest).send().await.expect("created");
    }
}

fn schema(keys: &[&str]) -> Vec<KeySchemaElement> {
    let kinds = [KeyType::Hash, KeyType::Range];
    let element = |(key, kind): (&&str, KeyType)| {
        KeySchemaElement::builder()
            .attribute_name(*key)
            .key_type(kind)
            .build()
            .expect("name and type are set")
    };
    keys.iter().zip(kinds).map(element).collect()
}
