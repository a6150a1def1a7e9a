//! Messages on their way to people: each carrier against a server of another maker, and the worker between the
//! outbox and them.

mod peers;
mod sms;
mod smtp;
mod webhook;
mod worker;
