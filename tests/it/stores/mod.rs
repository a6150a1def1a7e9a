//! What a store does for us, the same for every store: the endpoint that Satchel brings, and servers
//! of others that `./test` starts. What one of them cannot do stands in a table, and is tried too.

mod behaviours;
mod broken;
mod gaps;
mod peer;
mod signatures;
mod suite;
