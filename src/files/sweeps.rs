//! Sweeps over all customers: of what is over, and of what store and rows do not agree on. Each goes in small
//! steps, notes how far it came, and is in the hands of one process at a time: whoever comes after one that
//! stopped goes on from there.

use std::collections::VecDeque;

use jiff::SignedDuration;

use super::errand::Errand;
use super::{Files, FilesError, Keeping, Swept};
use crate::blob::ObjectKey;
use crate::catalog::{Ages, EVENTS_KEPT, Reference, Sweep};
use crate::domain::{AuditEntry, CustomerId, EventOrder, Happened, StoreEvent, Timestamp, UploadId};

/// How long a sweep may be without a sign before another process goes on with it: a step is far shorter.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// Customers that are asked for at once.
const CUSTOMERS: u32 = 100;
/// Rows of one step of one customer.
pub(super) const AT_ONCE: u32 = 1000;
/// Steps of one customer, before the next one has its turn; the next sweep goes on.
const STEPS: u32 = 20;
/// Uploads that are asked for at once.
const UPLOADS: u32 = 100;
/// How old an upload without a file, or an object without a row, must be before it is garbage: a row is
/// written before its bytes, so that a day is far more than enough.
const GARBAGE: SignedDuration = SignedDuration::from_hours(24);
/// How long the order of events, and where bytes lay, is remembered; a queue keeps a message for at most 14
/// days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long what became of a direct upload, or came by a link, is told to whoever asks again.
const DIRECT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often store and rows are compared.
const COMPARED: SignedDuration = SignedDuration::from_hours(24);

/// Where a comparison is: after a name within a customer, or at a customer's end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    customer: CustomerId,
    name: Option<String>,
}

impl Place {
    fn text(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name}", self.customer),
            None => self.customer.to_string(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (customer, name) = text.split_once(' ').map_or((text, None), |(customer, name)| (customer, Some(name.to_owned())));
        Some(Self { customer: customer.parse().ok()?, name })
    }
}

/// The first error of several customers' work: one whose store does not answer holds nobody up.
#[derive(Default)]
struct First(Option<FilesError>);

impl First {
    fn note(&mut self, customer: CustomerId, outcome: Result<(), FilesError>) {
        if let Err(error) = outcome {
            tracing::warn!(customer.id = %customer, code = %error.code(), error = %error, "a customer could not be swept; the next sweep tries again");
            self.0.get_or_insert(error);
        }
    }

    fn or<T>(self, value: T) -> Result<T, FilesError> {
        self.0.map_or(Ok(value), Err)
    }
}

impl Files {
    fn ago(&self, age: SignedDuration) -> Timestamp {
        self.now().saturating_sub(age).unwrap_or(Timestamp::MIN)
    }

    fn leased(&self) -> Timestamp {
        self.now().saturating_add(LEASE).unwrap_or(Timestamp::MAX)
    }

    /// Does what is due of every customer who has anything due: lets go, gives up, removes. Nothing while another
    /// process does.
    ///
    /// # Errors
    /// The first of them, when the catalog or the store did not answer; what was done stays done.
    pub async fn sweep_deleted(&self) -> Result<Swept, FilesError> {
        let mut swept = Swept::default();
        let Some(sweep) = self.0.catalog.take_sweep("deleted", self.leased()).await? else { return Ok(swept) };
        let mut after = sweep.position.as_deref().and_then(|text| text.parse().ok());
        let mut first = First::default();
        loop {
            let due = self.0.catalog.customers_after(after, true, CUSTOMERS).await?;
            for customer in &due {
                first.note(*customer, self.sweep_customer(*customer, &mut swept).await);
                after = Some(*customer);
                self.0.catalog.keep_sweep(&sweep, &customer.to_string(), self.leased()).await?;
            }
            if due.len() < CUSTOMERS as usize {
                break;
            }
        }
        self.0.catalog.end_sweep(&sweep, self.now()).await?;
        first.or(swept)
    }

    async fn sweep_customer(&self, customer: CustomerId, swept: &mut Swept) -> Result<(), FilesError> {
        let keeping = self.0.settings.keeping;
        let grace = keeping.grace.max(Keeping::LEAST_GRACE);
        for _ in 0..STEPS {
            let released = self.release_deleted(customer, self.ago(keeping.deleted)).await?;
            let collected = self.collect_unreferenced(customer, self.ago(grace)).await?;
            let objects = self.remove_garbage(customer).await?;
            let isolated = self.isolate_condemned(customer).await?;
            let forgotten = self.0.catalog.forget_direct_uploads(customer, self.ago(DIRECT), AT_ONCE).await?;
            let told = self.0.catalog.forget_events(customer, self.ago(EVENTS_KEPT), AT_ONCE).await?;
            let links = self.0.catalog.forget_upload_links(customer, self.ago(DIRECT), AT_ONCE).await?;
            swept.released += released;
            swept.collected += collected;
            swept.objects += objects;
            if [released, collected, objects, isolated, forgotten, told, links].iter().all(|count| *count < u64::from(AT_ONCE)) {
                break;
            }
        }
        let ages = Ages { deleted: keeping.deleted, unreferenced: grace, direct: DIRECT };
        Ok(self.0.catalog.settle_due(customer, &ages).await?)
    }

    /// Removes objects of uploads that began over a day ago and never became a file. Nothing while another process does.
    ///
    /// # Errors
    /// The first of them, when the catalog or the store did not answer.
    pub async fn sweep_uploads(&self) -> Result<u64, FilesError> {
        let Some(sweep) = self.0.catalog.take_sweep("uploads", self.leased()).await? else { return Ok(0) };
        let before = self.ago(GARBAGE);
        let mut after: Option<UploadId> = sweep.position.as_deref().and_then(|text| text.parse().ok());
        let (mut swept, mut first) = (0, First::default());
        loop {
            let stale = self.0.catalog.stale_uploads(before, after, UPLOADS).await?;
            for (customer, upload, key) in &stale {
                let done = self.sweep_upload(*customer, *upload, key).await;
                swept += u64::from(done.is_ok());
                first.note(*customer, done);
            }
            let Some((_, last, _)) = stale.last() else { break };
            after = Some(*last);
            self.0.catalog.keep_sweep(&sweep, &last.to_string(), self.leased()).await?;
        }
        self.0.catalog.end_sweep(&sweep, self.now()).await?;
        first.or(swept)
    }

    async fn sweep_upload(&self, customer: CustomerId, upload: UploadId, key: &str) -> Result<(), FilesError> {
        let key = ObjectKey::parse(customer, key).map_err(|_| FilesError::Sealed { what: "object key" })?;
        self.remove_object(Errand::of_worker(customer), &key).await?;
        let entry = AuditEntry { reason: Some("never became a file".to_owned()), ..Self::worker_entry("sweep_upload", "done", upload) };
        Ok(self.0.catalog.abandon_upload(customer, upload, &entry).await?)
    }

    /// Gives up parts in the stores of all regions that began over a day ago and that nobody made an object
    /// of. A region that does not answer keeps no other from being swept.
    ///
    /// # Errors
    /// When a store does not answer.
    pub async fn sweep_parts(&self) -> Result<u64, FilesError> {
        let (mut swept, mut failed) = (0, None);
        for (_, store) in self.0.stores.iter() {
            match store.sweep_parts(self.ago(GARBAGE)).await {
                Ok(count) => swept += count,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(swept), |error| Err(error.into()))
    }

    /// Compares what lies under `uploads/` with the rows, once a day: what an upload waits for is noted as arrived,
    /// and what no row knows for over a day is removed. For stores without events, and for events that were lost.
    /// Nothing while another process does. Gives how many objects were removed.
    ///
    /// # Errors
    /// The first of them, when the catalog or the store did not answer.
    pub async fn reconcile_uploads(&self) -> Result<u64, FilesError> {
        let Some(sweep) = self.0.catalog.take_sweep("objects", self.leased()).await? else { return Ok(0) };
        let (mut removed, mut first) = (0, First::default());
        let mut within = sweep.position.as_deref().and_then(Place::parse);
        let mut after = within.as_ref().map(|place| place.customer);
        // The customer that the one before had begun with goes on first.
        within = within.filter(|place| place.name.is_some());
        let mut next: VecDeque<CustomerId> = within.iter().map(|place| place.customer).collect();
        loop {
            if next.is_empty() {
                next = self.0.catalog.customers_after(after, false, CUSTOMERS).await?.into();
            }
            let Some(customer) = next.pop_front() else { break };
            let name = within.take().and_then(|place| place.name);
            first.note(customer, self.reconcile_customer(&sweep, customer, name, &mut removed).await);
            after = Some(customer);
            let place = Place { customer, name: None };
            self.0.catalog.keep_sweep(&sweep, &place.text(), self.leased()).await?;
        }
        let next = self.now().saturating_add(COMPARED).unwrap_or(Timestamp::MAX);
        self.0.catalog.end_sweep(&sweep, next).await?;
        first.or(removed)
    }

    async fn reconcile_customer(
        &self,
        sweep: &Sweep,
        customer: CustomerId,
        mut after: Option<String>,
        removed: &mut u64,
    ) -> Result<(), FilesError> {
        let (garbage, forgotten) = (self.ago(GARBAGE), self.ago(REMEMBERED));
        loop {
            let page = self.store(Errand::of_worker(customer)).await?.uploads(customer, after.as_deref()).await?;
            for object in &page.objects {
                *removed += self.reconcile(customer, &object.key, object.written, garbage).await?;
            }
            // A page that names nothing could be asked for for ever.
            match (page.truncated, page.last) {
                (true, Some(last)) if after.as_ref() != Some(&last) => {
                    let place = Place { customer, name: Some(last.clone()) };
                    self.0.catalog.keep_sweep(sweep, &place.text(), self.leased()).await?;
                    after = Some(last);
                }
                _ => break,
            }
        }
        self.0.catalog.forget_object_events(customer, forgotten).await?;
        self.0.catalog.forget_places(customer, forgotten, AT_ONCE).await?;
        Ok(())
    }

    /// Gives how many objects were removed: this one, or none.
    async fn reconcile(&self, customer: CustomerId, key: &ObjectKey, written: Timestamp, garbage: Timestamp) -> Result<u64, FilesError> {
        let object_key = key.as_str().to_owned();
        match self.0.catalog.object_reference(customer, key.as_str()).await? {
            Some(Reference::Upload) => {
                let order = EventOrder::new(None, written);
                let event = StoreEvent { customer, object_key, happened: Happened::Created, order, etag: None };
                self.object_event(&event).await.map(|_| 0)
            }
            None if written < garbage => {
                self.remove_object(Errand::of_worker(customer), key).await?;
                let entry =
                    AuditEntry { reason: Some("no row knows it".to_owned()), ..Self::worker_entry("sweep_object", "done", &object_key) };
                self.0.catalog.record(customer, &entry).await?;
                Ok(1)
            }
            Some(Reference::Blob) | None => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    #[test]
    fn a_place_reads_back() {
        let customer = CustomerId::new(&ManualClock::at("2026-03-02T09:00:00Z"), &SeededEntropy::new(1));
        for name in [None, Some("cust/uploads/a b c".to_owned())] {
            let place = Place { customer, name };
            assert_eq!(Place::parse(&place.text()), Some(place));
        }
        assert_eq!(Place::parse(""), None);
    }
}
