//! Headers that keep browsers from doing with an answer what nobody meant.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

/// What every answer has unless it says something else itself: pages have a policy of their own.
const USUAL: [(HeaderName, HeaderValue); 8] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // What is no page loads nothing, runs nothing and stands in nobody's frame.
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"),
    ),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ),
];

/// Two years, as the lists of browsers want it.
const ALWAYS_TLS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What answers are given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Armour {
    /// Browsers reach us by TLS only.
    always_tls: bool,
}

impl Armour {
    /// For the address that people reach us under.
    pub fn of(public_url: &str) -> Self {
        Self { always_tls: public_url.starts_with("https://") }
    }

    /// Adds what an answer does not say itself.
    pub fn put_on(self, headers: &mut HeaderMap) {
        for (name, value) in USUAL {
            headers.entry(name).or_insert(value);
        }
        if self.always_tls {
            headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(ALWAYS_TLS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_what_it_says_itself_and_gets_the_rest() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        Armour::of("http://127.0.0.1:8080").put_on(&mut headers);
        assert_eq!((headers[CACHE_CONTROL].to_str().unwrap(), headers.len()), ("max-age=60", USUAL.len()));
        assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
    }

    #[test]
    fn browsers_are_held_to_tls_only_where_it_is_said_to_be_in_front() {
        let tls = |url| {
            let mut headers = HeaderMap::new();
            Armour::of(url).put_on(&mut headers);
            headers.contains_key(STRICT_TRANSPORT_SECURITY)
        };
        assert!(tls("https://satchel.example"));
        assert!(!tls("http://127.0.0.1:8080"));
    }
}
