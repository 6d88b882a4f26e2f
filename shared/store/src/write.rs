//! Writes: conditions on items, the outcomes of conditional writes, and the parts of a transaction.

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};

use crate::item::{Attributes, item};
use crate::tables::{Table, Tables};

/// Whether a conditional write happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It happened.
    Done,
    /// Another write came first. Nothing was written.
    Conflict,
}

/// What has to be true of an item, so that a write of it happens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    /// DynamoDB's condition expression. Absent for a write that always happens.
    pub expression: Option<String>,
    /// The values of the expression's placeholders.
    pub values: Attributes,
}

impl Condition {
    /// Returns the condition of a write that always happens.
    pub fn always() -> Self {
        Self::default()
    }

    pub fn new<const N: usize>(
        expression: impl Into<String>,
        values: [(&str, AttributeValue); N],
    ) -> Self {
        Self { expression: Some(expression.into()), values: item(values) }
    }

    /// Returns the condition that both hold.
    pub fn and(mut self, other: Self) -> Self {
        self.expression = match (self.expression, other.expression) {
            (Some(one), Some(two)) => Some(format!("{one} AND {two}")),
            (one, two) => one.or(two),
        };
        self.values.extend(other.values);
        self
    }

    /// Returns expression and values in the form that DynamoDB takes: no values instead of an empty
    /// map.
    pub fn into_parts(self) -> (Option<String>, Option<Attributes>) {
        let values = (!self.values.is_empty()).then_some(self.values);
        (self.expression, values)
    }
}

/// A write of one item, as a part of a transaction.
pub(crate) struct Write {
    pub table: Table,
    kind: Kind,
    condition: Condition,
}

enum Kind {
    Put(Attributes),
    Update { key: Attributes, expression: String },
    Delete(Attributes),
    Check(Attributes),
}

impl Write {
    /// Puts `item`, and replaces the item that has its key.
    pub fn put(table: Table, item: Attributes, condition: Condition) -> Self {
        Self { table, kind: Kind::Put(item), condition }
    }

    /// Updates the item of `key` with `expression`, or creates it. The condition's values are used in
    /// both expressions.
    pub fn update(table: Table, key: Attributes, expression: String, condition: Condition) -> Self {
        Self { table, kind: Kind::Update { key, expression }, condition }
    }

    /// Deletes the item of `key`.
    pub fn delete(table: Table, key: Attributes, condition: Condition) -> Self {
        Self { table, kind: Kind::Delete(key), condition }
    }

    /// Writes nothing, and fails the transaction unless the item of `key` is as the condition says.
    pub fn check(table: Table, key: Attributes, condition: Condition) -> Self {
        Self { table, kind: Kind::Check(key), condition }
    }

    pub fn into_transact_item(self, tables: &Tables) -> TransactWriteItem {
        let table = tables.name(self.table);
        let (expression, values) = self.condition.into_parts();
        let item = TransactWriteItem::builder();
        match self.kind {
            Kind::Put(attributes) => {
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(attributes))
                    .set_condition_expression(expression)
                    .set_expression_attribute_values(values);
                item.put(put.build().expect("table and item are set"))
            }
            Kind::Update { key, expression: update } => {
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .update_expression(update)
                    .set_condition_expression(expression)
                    .set_expression_attribute_values(values);
                item.update(update.build().expect("table, key and expression are set"))
            }
            Kind::Delete(key) => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(expression)
                    .set_expression_attribute_values(values);
                item.delete(delete.build().expect("table and key are set"))
            }
            Kind::Check(key) => {
                let check = ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(expression)
                    .set_expression_attribute_values(values);
                item.condition_check(check.build().expect("table, key and condition are set"))
            }
        }
        .build()
    }
}
