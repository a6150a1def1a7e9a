//! Owns the settings: what can be set, and how file, `SATCHEL__SECTION__KEY` and flags make it.
//! Nothing else reads the environment.
//!
//! Must not act on a setting, nor print a secret.
//!
//! To add one: its field, default and doc line in `values`, a limit's in `limits`, of a store in `remote` and `regions`, of an issuer of tokens in `oauth`, of who judges files in `inspect`; a flag for it in `arguments` and `load`.

mod confirm;
mod delivery;
mod events;
mod inspect;
mod limits;
mod load;
mod locations;
mod oauth;
mod regions;
mod remote;
mod values;

pub use delivery::Posts;
pub use events::EventSettings;
pub use load::{Loaded, Preset, SettingsError, load};
pub use oauth::{IssuerSettings, KeysPlace, OauthSettings};
pub use regions::Region;
pub use remote::Bytes;
pub use values::{CatalogPlace, LogFormat, LogSettings, ModelSettings, Settings, USUAL_DATA_FOLDERS};
