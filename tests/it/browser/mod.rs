//! The pages in a real browser: of a phone's size and a desk's, in light and dark, with and without scripts, by
//! keyboard alone, and as a screen reader finds them.

mod share;
mod states;
mod upload;
