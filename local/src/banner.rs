//! What the server shows on the terminal.

use std::net::SocketAddr;

/// Returns what is printed at the start: where the server listens, and a line to try for each
/// endpoint.
pub(crate) fn banner(api: SocketAddr, tls: bool, dynamodb: SocketAddr, data: &str) -> String {
    let post = "-H 'Content-Type: application/json'";
    let alice = "-H 'CB-Token: alice:+14155550100'";
    let bob = "-H 'CB-Token: bob:+16505550123'";
    // A certificate that was made here is trusted by nobody yet.
    let (scheme, curl) = if tls { ("https", "curl -k") } else { ("http", "curl") };
    let url = format!("{scheme}://{api}");
    format!(
        "\
Address book on {url}   (data: {data}, DynamoDB: http://{dynamodb})
A token is the user id, with the verified phone after a colon. Pushes: {url}/ and {url}/_local/pushes

# Alice signs up, subscribes a device, uploads her contacts, and reads them back
{curl} {url}/users {alice} {post} -d '{{\"user\":{{\"full_name\":\"Alice\"}}}}'
{curl} {url}/subscriptions {alice} {post} -d '{{\"notification_channel\":\"gcm\",\"push_token\":{{\"environment\":\"production\",\"client_identification_sequence\":\"t1\"}},\"device\":{{\"platform\":\"android\",\"udid\":\"pixel\"}}}}'
{curl} {url}/subscriptions {alice}
{curl} {url}/address_book {alice} {post} -d '{{\"contacts\":[{{\"name\":\"Bob B.\",\"phone\":\"(650) 555-0123\"}}]}}'
{curl} {url}/address_book {alice}
# Bob signs up: Alice gets a push and sees him
{curl} {url}/users {bob} {post} -d '{{\"user\":{{\"full_name\":\"Bob\"}}}}'
sleep 1; {curl} '{url}/address_book/registered_users?compact=1' {alice}
{curl} {url}/_local/pushes
# Alice signed up first, so her id is 1. She reads her profile, exports her data, changes her name, unsubscribes,
# wipes her book, and leaves
{curl} {url}/users/1 {alice}
{curl} {url}/users/1/export {alice}
{curl} -X PUT {url}/users/1 {alice} {post} -d '{{\"user\":{{\"full_name\":\"Alice A.\"}}}}'
{curl} -X DELETE {url}/subscriptions/$({curl} -s {url}/subscriptions {alice} | grep -o '\"id\":[0-9]*' | cut -d: -f2) {alice}
{curl} -X DELETE {url}/address_book {alice}
{curl} -X DELETE {url}/users/1 {alice}

Ctrl-C stops it."
    )
}
