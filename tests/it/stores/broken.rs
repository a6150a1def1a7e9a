//! Transfers that a line between us and the store breaks.
