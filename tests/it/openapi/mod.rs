//! The description of the HTTP endpoints: it is in step with types, routes and credentials, and valid.

mod document;
