//! The page at `/`: its files, and the description of the API.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;

/// The files of the page, and the description of the API: path, media type and content.
const FILES: [(&str, &str, &str); 12] = [
    ("/openapi.json", "application/json", include_str!("../../docs/openapi.json")),
    ("/", "text/html;charset=utf-8", include_str!("page/index.html")),
    ("/_local/page.css", "text/css", include_str!("page/page.css")),
    ("/_local/page.js", "text/javascript", include_str!("page/page.js")),
    ("/_local/element.js", "text/javascript", include_str!("page/element.js")),
    ("/_local/phone.js", "text/javascript", include_str!("page/phone.js")),
    ("/_local/contacts.js", "text/javascript", include_str!("page/contacts.js")),
    ("/_local/countries.js", "text/javascript", include_str!("page/countries.js")),
    ("/_local/timeline.js", "text/javascript", include_str!("page/timeline.js")),
    ("/_local/tables.js", "text/javascript", include_str!("page/tables.js")),
    ("/_local/clock.js", "text/javascript", include_str!("page/clock.js")),
    ("/_local/faults.js", "text/javascript", include_str!("page/faults.js")),
];
/// Nothing comes from elsewhere, and no text of a contact can become a script.
const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// Returns a file, if this is a request for one.
pub(crate) fn file(method: &Method, path: &str) -> Option<Response> {
    let file = FILES.iter().find(|(file, ..)| *file == path && method == Method::GET);
    file.map(|(_, media_type, content)| response(media_type, *content))
}

pub(crate) fn response(media_type: &'static str, body: impl Into<Body>) -> Response {
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body.into())
        .expect("the headers are valid")
}

#[cfg(test)]
mod tests {
    use numbering::{HomeRegion, Phone};

    #[test]
    fn the_example_of_each_country_is_read_there_abroad_and_at_home() {
        let lines = include_str!("page/countries.js").lines().filter(|line| {
            line.get(..4).is_some_and(|start| start.is_ascii() && start.ends_with(" +"))
        });
        let mut count = 0;
        for line in lines {
            let (region, examples) = line.split_once(' ').expect("a region");
            let (number, national) = examples.split_once(' ').expect("two spellings");
            let default = "AQ".parse().expect("a region");
            for digit in '0'..='9' {
                let number = format!("{}{digit}", &number[..number.len() - 1]);
                let home = HomeRegion::of(Phone::proven(&number).ok(), default);
                assert_eq!(home.region().code(), region, "{number}");
            }
            let home = HomeRegion::of(Phone::proven(number).ok(), default);
            assert_eq!(Phone::read(national, &home), Phone::proven(number), "{line}");
            count += 1;
        }
        assert!(count > 200, "{count} countries");
    }
}
