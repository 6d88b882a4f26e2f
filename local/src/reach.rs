//! Who may reach what. The page at `/` and everything under `/_local/` show what people have stored,
//! so only this machine may look at them, and no web page of another origin.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

/// Returns whether a path is of the page and its tools. The others are the API's.
pub(crate) fn is_of_this_machine(path: &str) -> bool {
    path == "/" || path.starts_with("/_local/")
}

/// Returns whether web pages of the origins that `--cors` names may read a path, on this machine: what
/// happens to an app that is being made, as the sample app shows it.
pub(crate) fn is_of_apps(path: &str) -> bool {
    ["/_local/events", "/_local/pushes"].contains(&path)
}

/// Returns whether a request comes from this machine, which others reach as `host`, and from no web
/// page of another origin than those that are `named`.
///
/// The `Host` has to be an address or `localhost`: a name of somebody else may point to this machine
/// while a browser takes it for that person's page.
pub(crate) fn comes_from_this_machine(
    peer: SocketAddr,
    host: IpAddr,
    headers: &HeaderMap,
    named: &[String],
) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let peer = peer.ip().to_canonical();
    let is_here = peer.is_loopback() || peer == host.to_canonical();
    let asked = text(header::HOST).unwrap_or_default();
    let may_look = text(header::ORIGIN).is_none_or(|origin| {
        let is_own = origin.split_once("://").is_some_and(|(_, authority)| authority == asked);
        is_own || named.iter().any(|one| one == origin)
    });
    is_here && may_look && is_own_name(asked)
}

/// Returns whether `authority` names this machine by an address or as `localhost`.
fn is_own_name(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_its_own_pages_may_look() {
        let lan = "192.168.1.5";
        for (peer, host, asked, origin, expected) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.1:8080", None, true),
            ("127.0.0.1", "127.0.0.1", "localhost:8080", Some("http://localhost:8080"), true),
            ("::1", "::", "[::1]:8080", None, true),
            ("::ffff:127.0.0.1", "::", "127.0.0.1", None, true),
            (lan, lan, "192.168.1.5:8080", Some("https://192.168.1.5:8080"), true),
            ("192.168.1.6", lan, "192.168.1.5:8080", None, false),
            ("192.168.1.6", "0.0.0.0", "192.168.1.5:8080", None, false),
            ("127.0.0.1", "127.0.0.1", "evil.example:8080", None, false),
            ("127.0.0.1", "127.0.0.1", "", None, false),
            ("127.0.0.1", "127.0.0.1", "127.0.0.1:8080", Some("https://evil.example"), false),
            ("127.0.0.1", "127.0.0.1", "127.0.0.1:8080", Some("http://127.0.0.1:3000"), false),
            ("127.0.0.1", "127.0.0.1", "127.0.0.1:8080", Some("null"), false),
            ("127.0.0.1", "127.0.0.1", "127.0.0.1:8080", Some("https://app.example"), true),
            ("192.168.1.6", lan, "192.168.1.5:8080", Some("https://app.example"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, asked.parse().expect("a value"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().expect("a value"));
            }
            let peer = SocketAddr::new(peer.parse().expect("an address"), 50_000);
            let host = host.parse().expect("an address");
            let named = ["*", "https://app.example"].map(ToOwned::to_owned);
            let may = comes_from_this_machine(peer, host, &headers, &named);
            assert_eq!(may, expected, "{peer} {host} {asked} {origin:?}");
        }
    }

    #[test]
    fn the_page_and_its_tools_are_of_this_machine_and_the_api_is_not() {
        for (path, expected) in [
            ("/", true),
            ("/_local/pushes", true),
            ("/address_book", false),
            ("/openapi.json", false),
            ("/_localx", false),
        ] {
            assert_eq!(is_of_this_machine(path), expected, "{path}");
        }
    }
}
