//! Entity tags, by which clients ask whether something has changed (RFC 9110, sections 8.8.3 and
//! 13.1.2).

use http::HeaderMap;
use http::header::IF_NONE_MATCH;

/// Returns the revisions that the client already has, from `If-None-Match`. Their tags may be weak,
/// because caches compare weakly. The tag `*` names no revision.
pub(crate) fn known_revisions(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(IF_NONE_MATCH).into_iter();
    let tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let revision = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/")
            .unwrap_or(tag)
            .strip_prefix('"')?
            .strip_suffix('"')
            .map(str::to_owned)
    };
    tags.filter_map(revision).collect()
}

/// Returns the strong entity tag of a revision.
pub(crate) fn entity_tag(revision: &str) -> String {
    format!("\"{revision}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_from_lists_weak_or_strong() {
        for (sent, expected) in [
            (&[][..], &[][..]),
            (&["\"a\""], &["a"]),
            (&["W/\"a\""], &["a"]),
            (&["\"a\", W/\"b\",\"c\""], &["a", "b", "c"]),
            (&["\"a\"", "\"b\""], &["a", "b"]),
            (&["*"], &[]),
            (&["a", "\"", "\"b", "W/b", ""], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(IF_NONE_MATCH, value.parse().expect("a header"));
            }
            assert_eq!(known_revisions(&headers), expected, "{sent:?}");
        }
        assert_eq!(entity_tag("a"), "\"a\"");
    }
}
