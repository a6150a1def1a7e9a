//! Rendering of pages, and the headers each of them has.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
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
/// What the page for uploads does beyond its form.
const SCRIPT: &str = include_str!("upload.js");

/// Of all pages: nobody guesses their type, keeps them, frames them, finds them or learns where they lie; and none
/// of what a browser could give a page is theirs.
const HEADERS: [(&str, &str); 9] = [
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex, nofollow"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    (
        "permissions-policy",
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
];

/// A page's template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Share,
    Start,
    Upload,
    Outbox,
    Report,
}

impl Page {
    const ALL: [Self; 5] = [Self::Share, Self::Start, Self::Upload, Self::Outbox, Self::Report];

    // The name's end turns escaping on.
    const fn name(self) -> &'static str {
        match self {
            Self::Share => "share.html",
            Self::Start => "start.html",
            Self::Upload => "upload.html",
            Self::Outbox => "outbox.html",
            Self::Report => "report.html",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Share => include_str!("share.html"),
            Self::Start => include_str!("start.html"),
            Self::Upload => include_str!("upload.html"),
            Self::Outbox => include_str!("outbox.html"),
            Self::Report => include_str!("report.html"),
        }
    }
}

/// All pages, compiled.
pub(in crate::api) struct Pages {
    templates: Environment<'static>,
    /// Of pages without a script.
    still: HeaderValue,
    /// Of the one page that has one.
    moving: HeaderValue,
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
        Self { templates, still: policy(&settings.bytes_origins), moving: policy_of_upload() }
    }

    pub(super) fn answer<T: Serialize>(&self, page: Page, status: StatusCode, values: &T) -> Response {
        let safe = |text: &str| Value::from_safe_string(text.to_owned());
        let filled = Value::from_pairs([
            ("style", safe(STYLE)),
            ("style_hash", safe(&hash_of(STYLE))),
            ("script", safe(SCRIPT)),
            ("page", Value::from(Serde(values))),
        ]);
        match self.templates.get_template(page.name()).and_then(|template| template.render(filled)) {
            Ok(html) => {
                let mut response = (status, html).into_response();
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
                self.protect(page, headers);
                response
            }
            Err(error) => {
                tracing::error!(page.name = page.name(), error = %error, "a page cannot be rendered");
                Problem::internal().into_response()
            }
        }
    }

    /// The page that a security report is.
    pub(in crate::api) fn report<T: Serialize>(&self, report: &T) -> Response {
        self.answer(Page::Report, StatusCode::OK, report)
    }

    /// Headers of a page, and of the redirect that leaves it.
    pub(super) fn protect(&self, page: Page, headers: &mut http::HeaderMap) {
        let policy = match page {
            Page::Share | Page::Start | Page::Outbox | Page::Report => &self.still,
            Page::Upload => &self.moving,
        };
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        for (name, value) in HEADERS {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
}

fn hash_of(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

/// What a page may do: show itself in our style, and post its form to us. Browsers check the
/// redirect after a form against `form-action` too, so the origins of bytes stand there.
fn policy(bytes_origins: &[String]) -> HeaderValue {
    let style = hash_of(STYLE);
    let strict = format!("default-src 'none'; style-src {style}; base-uri 'none'; frame-ancestors 'none'; form-action 'self'");
    // A `;` or blank would end the directive and begin another.
    let is_origin = |text: &str| !text.is_empty() && !text.contains(|c: char| c == ';' || c == ',' || c.is_whitespace());
    let origins = bytes_origins.iter().filter(|text| is_origin(text)).map(|origin| format!(" {origin}"));
    let text = origins.fold(strict, |text, origin| text + &origin);
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; form-action 'self'"))
}

/// The page for uploads runs its one script as well, which speaks to us alone.
fn policy_of_upload() -> HeaderValue {
    let (style, script) = (hash_of(STYLE), hash_of(SCRIPT));
    let text = format!(
        "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    );
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
    fn the_page_for_uploads_runs_its_own_script_alone_and_speaks_to_nobody_else() {
        let policy = policy_of_upload();
        let text = policy.to_str().unwrap();
        assert!(text.contains("script-src 'sha256-") && text.contains("connect-src 'self';") && !text.contains("unsafe"), "{text}");
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
        // They stand in the page unescaped, or their hashes would not match.
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }
}
