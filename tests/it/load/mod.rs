//! Size and number, on the real binary: large files, many requests at once, and what is beyond the
//! bounds.

mod broken;
mod content;
mod faulty;
mod many;
mod migrate;
mod pressure;
pub mod server;
mod size;
