//! What is told to whoever asks for too much, and that the others do not notice.

mod headers;
mod paces;
mod proxies;
mod quotas;
mod secrets;
