//! What the server shows people: a few lines on the terminal, and a small page.

use std::net::SocketAddr;

use crate::inbox::InboxPush;

/// Returns what is printed at the start: where the server listens, and a line to try for each
/// endpoint.
pub(crate) fn banner(api: SocketAddr, dynamodb: SocketAddr, data: &str) -> String {
    let post = "-H 'Content-Type: application/json'";
    let alice = "-H 'CB-Token: alice:+14155550100'";
    let bob = "-H 'CB-Token: bob:+16505550123'";
    let url = format!("http://{api}");
    format!(
        "\
Address book on {url}   (data: {data}, DynamoDB: http://{dynamodb})
A token is the user id, with the verified phone after a colon. Pushes: {url}/ and {url}/_local/pushes

# Alice signs up, subscribes a device, uploads her contacts, and reads them back
curl {url}/users {alice} {post} -d '{{\"user\":{{\"full_name\":\"Alice\"}}}}'
curl {url}/subscriptions {alice} {post} -d '{{\"notification_channel\":\"gcm\",\"push_token\":{{\"environment\":\"production\",\"client_identification_sequence\":\"t1\"}},\"device\":{{\"platform\":\"android\",\"udid\":\"pixel\"}}}}'
curl {url}/subscriptions {alice}
curl {url}/address_book {alice} {post} -d '{{\"contacts\":[{{\"name\":\"Bob B.\",\"phone\":\"(650) 555-0123\"}}]}}'
curl {url}/address_book {alice}
# Bob signs up: Alice gets a push and sees him
curl {url}/users {bob} {post} -d '{{\"user\":{{\"full_name\":\"Bob\"}}}}'
sleep 1; curl '{url}/address_book/registered_users?compact=1' {alice}
curl {url}/_local/pushes
# Alice signed up first, so her id is 1. She reads her profile, exports her data, changes her name, unsubscribes,
# wipes her book, and leaves
curl {url}/users/1 {alice}
curl {url}/users/1/export {alice}
curl -X PUT {url}/users/1 {alice} {post} -d '{{\"user\":{{\"full_name\":\"Alice A.\"}}}}'
curl -X DELETE {url}/subscriptions/$(curl -s {url}/subscriptions {alice} | grep -o '\"id\":[0-9]*' | cut -d: -f2) {alice}
curl -X DELETE {url}/address_book {alice}
curl -X DELETE {url}/users/1 {alice}

Ctrl-C stops it."
    )
}

/// Returns the page at `/`: the pushes, newest first. It refreshes itself every two seconds.
pub(crate) fn page(pushes: &[InboxPush]) -> String {
    let rows: String = pushes.iter().map(row).collect();
    let rows = if rows.is_empty() { "<tr><td colspan=4>None yet.".to_owned() } else { rows };
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=2><title>Pushes</title>\
         <style>body{{font:16px system-ui;margin:2rem}}td,th{{padding:.3rem 1rem;text-align:left}}</style>\
         <h1>Pushes, newest first</h1><table><tr><th>To<th>Device<th>Text<th>Joiner{rows}</table>\
         <p>As JSON: <a href=/_local/pushes>/_local/pushes</a></p></html>"
    )
}

fn row(push: &InboxPush) -> String {
    let InboxPush { user_id, device_udid, text, data } = push;
    let cells = [user_id, device_udid, text, &format!("{} (+{})", data.id, data.phone)];
    let cells: String = cells.iter().map(|cell| format!("<td>{}", escaped(cell))).collect();
    format!("<tr>{cells}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::PushData;

    #[test]
    fn a_name_can_not_put_markup_into_the_page() {
        let push = InboxPush {
            user_id: "alice".to_owned(),
            device_udid: "pixel".to_owned(),
            text: "<script>alert(1)</script> joined".to_owned(),
            data: PushData { id: 7, phone: "16505550123".to_owned() },
        };
        let page = page(&[push]);
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt; joined")
                && !page.contains("<script>")
        );
    }
}
