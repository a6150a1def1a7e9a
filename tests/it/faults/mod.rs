//! What happens when a part that is needed does not do its work: each operation gives the right code
//! and a line that can be spoken, leaves nothing half done, and works again when the part is back.

mod catalog;
mod index;
pub mod proxy;
mod stage;
mod store;
mod worker;
