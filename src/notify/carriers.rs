//! Which carrier serves whom.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::carrier::Carrier;
use crate::domain::{Channel, CustomerId};

/// The carriers of one customer, or of all that have none of their own.
pub type Ways = BTreeMap<Channel, Arc<dyn Carrier>>;

/// The carriers of an installation, and those that customers have of their own.
#[derive(Debug, Clone, Default)]
pub struct Carriers {
    usual: Ways,
    own: HashMap<CustomerId, Ways>,
}

impl Carriers {
    /// Those of the installation.
    #[must_use]
    pub fn of_house(usual: Ways) -> Self {
        Self { usual, own: HashMap::new() }
    }

    /// With a customer's own, which go before those of the installation channel by channel.
    #[must_use]
    pub fn with_own(mut self, customer: CustomerId, ways: Ways) -> Self {
        self.own.insert(customer, ways);
        self
    }

    /// Who carries this customer's messages on a channel.
    pub fn of(&self, customer: CustomerId, channel: Channel) -> Option<&Arc<dyn Carrier>> {
        self.own.get(&customer).and_then(|ways| ways.get(&channel)).or_else(|| self.usual.get(&channel))
    }

    /// The channels that are served for anybody.
    pub fn channels(&self) -> Vec<Channel> {
        let serves = |channel: &Channel| self.usual.contains_key(channel) || self.own.values().any(|ways| ways.contains_key(channel));
        Channel::ALL.into_iter().filter(serves).collect()
    }

    /// Every carrier with its channel, and whose it is where it is a customer's own.
    pub fn iter(&self) -> impl Iterator<Item = (Option<CustomerId>, Channel, &Arc<dyn Carrier>)> {
        let usual = self.usual.iter().map(|(channel, carrier)| (None, *channel, carrier));
        let own = self.own.iter().flat_map(|(customer, ways)| ways.iter().map(|(channel, one)| (Some(*customer), *channel, one)));
        usual.chain(own)
    }
}
