//! The HTTP doors, over real HTTP to the real thing.

mod access;
mod admin;
mod calls;
mod categories;
mod events;
mod files;
mod grants;
mod keys;
mod openings;
mod outbox;
mod pages;
pub mod previews;
mod quarantine;
mod rules;
mod sensitivity;
mod shares;
mod tools;
mod unlock;
mod upload;
mod upload_links;
mod uploads;
