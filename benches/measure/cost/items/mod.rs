//! The designs with an item per contact, in which users are looked up one by one whenever somebody
//! asks who is registered. The usual one, which a tutorial gives, also has an index on the phone.
//! Both are as thrifty as they can be: they read eventually consistently, and write only what
//! changed.

mod table;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};

use super::{BOOKS, Input, Measured, Operation, Stored, Tally, subject};
use support::embedded::{Embedded, client_over, database, item_sizes};
use support::meter::Meter;
use support::people::Person;
pub use table::Items;
use table::{BY_PHONE, Item, USERS, contact, key};

/// Most writes of a BatchWriteItem, and most keys of a BatchGetItem (AWS limits).
const BATCH_WRITES: usize = 25;
const BATCH_KEYS: usize = 100;

/// One deployment with one owner of a book.
struct Deployment {
    design: Items,
    embedded: Embedded,
    /// Sends what is counted.
    client: Client,
    tally: Tally,
}

pub async fn measure(design: Items, input: &Input) -> Measured {
    let embedded = database().await;
    design.create_tables(&embedded.client()).await;
    let meter = Meter::new(embedded.clone());
    let client = client_over(meter.clone());
    let mut deployment = Deployment { design, embedded, client, tally: Tally::new(meter) };
    for (number, person) in input.registered().enumerate() {
        deployment.sign_up(1_000_000 + number, person).await;
    }
    deployment.upload(&input.book).await;
    deployment.tally.record(Operation::FirstUpload, 1);
    let stored = deployment.stored();
    deployment.upload(&input.book).await;
    deployment.tally.record(Operation::SameUpload, 1);
    deployment.changes(input).await;
    deployment.reads().await;
    if design == Items::Indexed {
        deployment.joins(input).await;
    }
    deployment.tally.into_measured(stored)
}

impl Deployment {
    fn stored(&self) -> Stored {
        let stored = Stored::table(&item_sizes(&self.embedded, self.design.contacts()));
        if self.design == Items::Indexed { stored.with_index() } else { stored }
    }

    async fn changes(&mut self, input: &Input) {
        let times = input.newcomers.len();
        for person in &input.renamed {
            self.put(person).await;
        }
        self.tally.record(Operation::ChangedName, times);
        self.replace(&input.before_newcomers).await;
        self.tally.skip();
        for person in &input.newcomers {
            self.put(person).await;
        }
        self.tally.record(Operation::NewContact, times);
        for person in &input.newcomers {
            self.delete(person).await;
        }
        self.tally.record(Operation::RemovedContact, times);
        self.replace(&input.book).await;
        self.tally.skip();
        self.replace(&input.half_new).await;
        self.tally.record(Operation::HalfReplaced, 1);
        self.replace(&input.book).await;
        self.tally.skip();
    }

    /// Reads the stored contacts, to answer how many were created and updated, and writes those
    /// that differ.
    async fn upload(&self, people: &[Person]) {
        let (puts, _) = self.diff(people).await;
        self.write(puts).await;
    }

    /// Uploads a whole book, and deletes what isn't in it.
    async fn replace(&self, people: &[Person]) {
        let (mut writes, others) = self.diff(people).await;
        writes.extend(others.iter().map(|phone| {
            let delete = DeleteRequest::builder().set_key(Some(key(&subject(0), phone)));
            let delete = delete.build().expect("the key is set");
            WriteRequest::builder().delete_request(delete).build()
        }));
        self.write(writes).await;
    }

    /// Returns the writes of contacts that differ from what is stored, and the stored phones that
    /// nobody of `people` has.
    async fn diff(&self, people: &[Person]) -> (Vec<WriteRequest>, Vec<String>) {
        let phone = |item: &Item| item["phone"].as_s().expect("a text").clone();
        let stored = self.contacts().await.into_iter();
        let mut stored: HashMap<String, Item> = stored.map(|item| (phone(&item), item)).collect();
        let mut puts = vec![];
        for person in people {
            let item = contact(&subject(0), person);
            if stored.remove(&person.digits()).as_ref() != Some(&item) {
                let put = PutRequest::builder().set_item(Some(item)).build();
                let put = put.expect("the item is set");
                puts.push(WriteRequest::builder().put_request(put).build());
            }
        }
        (puts, stored.into_keys().collect())
    }

    async fn write(&self, writes: Vec<WriteRequest>) {
        for batch in writes.chunks(BATCH_WRITES) {
            let request = self.client.batch_write_item();
            let request = request.request_items(self.design.contacts(), batch.to_vec());
            request.send().await.expect("written");
        }
    }

    /// Uploads one contact. It reads that contact alone.
    async fn put(&self, person: &Person) {
        let (table, item) = (self.design.contacts(), contact(&subject(0), person));
        let key = key(&subject(0), &person.digits());
        self.client.get_item().table_name(table).set_key(Some(key)).send().await.expect("read");
        let put = self.client.put_item().table_name(table).set_item(Some(item));
        put.send().await.expect("written");
    }

    async fn delete(&self, person: &Person) {
        let delete = self.client.delete_item().table_name(self.design.contacts());
        let delete = delete.set_key(Some(key(&subject(0), &person.digits())));
        delete.send().await.expect("deleted");
    }

    async fn contacts(&self) -> Vec<Item> {
        let query = self.client.query().table_name(self.design.contacts());
        let mut pages = query
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", AttributeValue::S(subject(0)))
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
        self.contacts().await;
        self.tally.record(Operation::Get, 1);
        for look in [Operation::RegisteredFull, Operation::RegisteredCompact] {
            let phone_of = |mut item: Item| {
                HashMap::from([("phone".to_owned(), item.remove("phone").expect("its key"))])
            };
            let phones: Vec<Item> = self.contacts().await.into_iter().map(phone_of).collect();
            for batch in phones.chunks(BATCH_KEYS) {
                let keys = KeysAndAttributes::builder().set_keys(Some(batch.to_vec())).build();
                let keys = keys.expect("keys are set");
                self.client.batch_get_item().request_items(USERS, keys).send().await.expect("read");
            }
            self.tally.record(look, 1);
        }
    }

    /// Puts the joiners into the books of other owners too, and asks the index for the owners of
    /// each who joins.
    async fn joins(&mut self, input: &Input) {
        let uncounted = self.embedded.client();
        for owner in 1..BOOKS {
            for joiner in &input.joiners {
                let item = contact(&subject(owner), joiner);
                let put = uncounted.put_item().table_name(self.design.contacts());
                put.set_item(Some(item)).send().await.expect("written");
            }
        }
        for (number, joiner) in input.joiners.iter().enumerate() {
            self.sign_up(2_000_000 + number, joiner).await;
            assert_eq!(self.owners(joiner).await, BOOKS);
        }
        self.tally.record(Operation::JoinOfBook, input.joiners.len() * BOOKS);
    }

    async fn owners(&self, joiner: &Person) -> usize {
        let query = self.client.query().table_name(self.design.contacts()).index_name(BY_PHONE);
        let query = query
            .key_condition_expression("phone = :phone")
            .expression_attribute_values(":phone", AttributeValue::S(joiner.digits()));
        query.send().await.expect("read").items.unwrap_or_default().len()
    }

    /// Signs a user up. It isn't counted.
    async fn sign_up(&self, number: usize, person: &Person) {
        let item = table::user(&subject(number), number, person);
        let put = self.embedded.client().put_item().table_name(USERS).set_item(Some(item));
        put.send().await.expect("written");
    }
}
