//! Tests of the whole program, in one binary.

// The attribute tells clippy that helpers in these files are tests too.
#[cfg(test)]
mod adoption;
#[cfg(test)]
mod asvs;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod collection;
#[cfg(test)]
mod confirmation;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod load;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod prompts;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod regions;
#[cfg(test)]
mod scanning;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod stores_setup;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
