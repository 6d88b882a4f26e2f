//! Reads forms, one a line, and prints each as a line of JSON, or 400: `tests/forms/run` compares
//! that with Rack.

#![expect(clippy::print_stdout, reason = "it is a program for a pipe")]

use std::io::BufRead;

fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line of text");
        match api::form(line.as_bytes()) {
            Ok(fields) => println!("{}", serde_json::Value::Object(fields)),
            Err(error) => println!("{}", error.status),
        }
    }
}
