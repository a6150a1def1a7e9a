//! Rendering of pages, and the headers each of them has.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::api::problem::Problem;
use crate::api::state::ApiSettings;

/// The content type of every page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

const STYLE: &str = include_str!("style.css");

/// A page's template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Share,
    Start,
    Outbox,
}

impl Page {
    const ALL: [Self; 3] = [Self::Share, Self::Start, Self::Outbox];

    // The name's end turns escaping on.
    const fn name(self) -> &'static str {
        match self {
            Self::Share => "share.html",
            Self::Start => "start.html",
            Self::Outbox => "outbox.html",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Share => include_str!("share.html"),
            Self::Start => include_str!("start.html"),
            Self::Outbox => include_str!("outbox.html"),
        }
    }
}

/// All pages, compiled.
pub(in crate::api) struct Pages {
    templates: Environment<'static>,
    policy: HeaderValue,
}

impl Pages {
    pub(in crate::api) fn new(settings: &ApiSettings) -> Self {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for page in Page::ALL {
            if let Err(error) = templates.add_template(page.name(), page.source()) {
                // A broken build; each page then answers with a problem, and the other doors work.
                tracing::error!(page.name = page.name(), error = %error, "a page cannot be compiled");
            }
        }
        Self { templates, policy: policy(&settings.bytes_origins) }
    }

    pub(super) fn answer<T: Serialize>(&self, page: Page, status: StatusCode, values: &T) -> Response {
        let filled = Value::from_pairs([("style", Value::from_safe_string(STYLE.to_owned())), ("page", Value::from(Serde(values)))]);
        match self.templates.get_template(page.name()).and_then(|template| template.render(filled)) {
            Ok(html) => {
                let mut response = (status, html).into_response();
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
                self.protect(headers);
                response
            }
            Err(error) => {
                tracing::error!(page.name = page.name(), error = %error, "a page cannot be rendered");
                Problem::internal().into_response()
            }
        }
    }

    /// Headers of every page, and of the redirect that leaves one.
    pub(super) fn protect(&self, headers: &mut http::HeaderMap) {
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    }
}

/// What a page may do: show itself in our style, and post its form to us. Browsers check the
/// redirect after a form against `form-action` too, so the origins of bytes stand there.
fn policy(bytes_origins: &[String]) -> HeaderValue {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let strict = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'");
    // A `;` or blank would end the directive and begin another.
    let is_origin = |text: &str| !text.is_empty() && !text.contains(|c: char| c == ';' || c == ',' || c.is_whitespace());
    let origins = bytes_origins.iter().filter(|text| is_origin(text)).map(|origin| format!(" {origin}"));
    let text = origins.fold(strict, |text, origin| text + &origin);
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; form-action 'self'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_style_and_the_origin_of_bytes_and_nothing_more() {
        let policy = policy(&["https://bytes.example:9000".to_owned(), "https://bytes.eu.example".to_owned()]);
        let text = policy.to_str().unwrap();
        assert!(text.starts_with("default-src 'none'; style-src 'sha256-"), "{text}");
        assert!(text.ends_with("form-action 'self' https://bytes.example:9000 https://bytes.eu.example"), "{text}");
        assert!(!text.contains("unsafe"), "{text}");
    }

    #[test]
    fn an_origin_cannot_bring_a_directive_of_its_own() {
        let policy = policy(&["https://x; script-src *".to_owned(), String::new()]);
        assert!(policy.to_str().unwrap().ends_with("form-action 'self'"));
    }

    #[test]
    fn pages_compile() {
        let settings = ApiSettings {
            public_url: "http://127.0.0.1:1".to_owned(),
            bytes_origins: vec!["http://127.0.0.1:2".to_owned()],
            upload_limit: 1,
            limits: crate::api::DoorLimits::default(),
            proxies: crate::api::Proxies::default(),
        };
        let pages = Pages::new(&settings);
        assert!(Page::ALL.iter().all(|page| pages.templates.get_template(page.name()).is_ok()));
        // The style stands in the page unescaped, or its hash would not match.
        assert!(!STYLE.contains("</"));
    }
}
