//! CORS as API Gateway does it by `template.yaml`: a test compares the two.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

pub const ALLOW_METHODS: &str = "GET, POST, PUT, DELETE";
pub const ALLOW_HEADERS: &str =
    "authorization, cb-token, qb-token, content-type, if-none-match, cb-sdk, qb-sdk, qb-os";
pub const EXPOSE_HEADERS: &str =
    "etag, retry-after, x-request-id, cb-token-expirationdate, qb-token-expirationdate";
pub const MAX_AGE: &str = "7200";

/// Returns the headers that let a page of the request's origin read the answer, if that origin is
/// among `allowed`. `*` stands for every origin.
pub(crate) fn headers(
    allowed: &[String],
    request: &HeaderMap,
    is_preflight: bool,
) -> Vec<(HeaderName, HeaderValue)> {
    let origin = request.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let Some(origin) = origin else { return vec![] };
    let any = allowed.iter().any(|one| one == "*");
    if !any && !allowed.iter().any(|one| one == origin) {
        return vec![];
    }
    let named = if any { "*" } else { origin };
    let Ok(named) = HeaderValue::from_str(named) else { return vec![] };
    let mut headers = vec![(header::ACCESS_CONTROL_ALLOW_ORIGIN, named)];
    if !any {
        headers.push((header::VARY, HeaderValue::from_static("origin")));
    }
    let fixed: &[(HeaderName, &'static str)] = if is_preflight {
        &[
            (header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW_METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ]
    } else {
        &[(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS)]
    };
    let fixed = fixed.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
    headers.extend(fixed);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_that_are_allowed_get_headers() {
        let allow = |allowed: &[&str], origin: Option<&str>, is_preflight| {
            let allowed: Vec<_> = allowed.iter().map(|one| (*one).to_owned()).collect();
            let mut request = HeaderMap::new();
            if let Some(origin) = origin {
                request.insert(header::ORIGIN, origin.parse().expect("a value"));
            }
            let headers = headers(&allowed, &request, is_preflight);
            let allowed =
                headers.iter().find(|(name, _)| name == header::ACCESS_CONTROL_ALLOW_ORIGIN);
            let allowed = allowed.map(|(_, value)| value.to_str().expect("text").to_owned());
            (allowed, headers.len())
        };
        let app = "https://app.example";
        for (allowed, origin, is_preflight, expected) in [
            (&[app][..], Some(app), false, (Some(app.to_owned()), 3)),
            (&[app], Some(app), true, (Some(app.to_owned()), 5)),
            (&[app], Some("https://evil.example"), true, (None, 0)),
            (&[app], None, false, (None, 0)),
            (&[], Some(app), false, (None, 0)),
            (&["*"], Some(app), false, (Some("*".to_owned()), 2)),
        ] {
            assert_eq!(allow(allowed, origin, is_preflight), expected, "{allowed:?} {origin:?}");
        }
    }
}
