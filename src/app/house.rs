//! The parts of a serving process: how they are put together, started, drained and stopped.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::doors;
use super::events;
use super::folder::{Folder, FolderError, MOVED, SecretsFile, ServerCard};
use super::issuers::{self, IssuersError};
use super::open_files;
use super::outgoing::{self, OutgoingPosts, PostsError};
use super::settings::{Bytes, CatalogPlace, Loaded, Region, Settings, SettingsError};
use crate::api::Proxies;
use crate::api::oauth::OauthRules;
use crate::blob::embedded::{Embedded, EmbeddedError, EmbeddedSettings};
use crate::blob::{BlobError, StoreSettings, Stores, Tuning};
use crate::catalog::{Catalog, CatalogError, Ground};
use crate::domain::{Clock, Entropy, RegionName, SystemClock, SystemEntropy};
use crate::files::{Access, Files, FilesError, FilesSettings, Parts, ServerSecret};
use crate::inspect::{Inspector, InspectorSettings};
use crate::jobs;
use crate::models;
use crate::notify::Carriers;
use crate::policy::{Policies, PolicyError};
use crate::search::{IndexSettings, Indexes, SearchError};
use crate::speech::{Speech, SpeechError};
use crate::tools::Registry;

/// Why a serving process did not come up.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An address is taken, or not ours.
    #[error("cannot listen on `{address}`; is another server running there? choose another address with `--listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The secrets file holds something else.
    #[error("the server's secret in `{}` is not 64 hexadecimal digits", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
    },
    /// The catalog is elsewhere now, and what lies in the folder is what it was before.
    #[error(
        "the catalog of this folder has moved to a database: set `catalog.url`, or `--database`; to go back to what it was \
         before, remove `{}`",
        path.display()
    )]
    Moved {
        /// The file that says so.
        path: PathBuf,
    },
    /// The catalog does not open.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The embedded store does not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The store does not answer.
    #[error("the object store cannot be used; check `store.*` and that it is running")]
    Store(#[from] BlobError),
    /// The index does not open.
    #[error("the index folder cannot be used")]
    Search(#[from] SearchError),
    /// The policies do not load.
    #[error("the built-in policies do not load")]
    Policies(#[from] PolicyError),
    /// Tokens of an issuer cannot be taken as it was set.
    #[error(transparent)]
    Issuers(#[from] IssuersError),
    /// Posts of the store's events cannot be taken as it was set.
    #[error(transparent)]
    Posts(#[from] PostsError),
    /// The spoken lines do not load.
    #[error("the spoken lines do not load")]
    Speech(#[from] SpeechError),
    /// Customers' bytes lie where no store is set.
    #[error(
        "bytes of customers lie in {}, for which no store is set; set `store.regions.NAME` for each",
        missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )]
    Regions {
        /// The regions.
        missing: Vec<RegionName>,
    },
    /// The operator's key cannot be made.
    #[error("the operator's key cannot be made")]
    Operator(#[source] FilesError),
    /// What the server before this one held cannot be taken over.
    #[error("what an earlier server left under way cannot be taken over")]
    TakeOver(#[source] FilesError),
    /// This program does not know where it lies.
    #[error("the path of this program is not known, so that no inspection worker can be started")]
    Program(#[source] io::Error),
}

/// How long work may go on after the last request: more than what a worker is given to end its job.
const DRAIN: Duration = Duration::from_secs(12);

/// Under which addresses the process is reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The doors, from this machine.
    pub local: String,
    /// The doors, from elsewhere.
    pub public: String,
    /// The bytes, from elsewhere.
    pub bytes: String,
    /// The doors are not where the settings said, because that address was taken.
    pub moved: bool,
}

/// The parts, put together. Nothing is served and no job runs until it is told to.
pub struct House {
    /// The use cases.
    pub files: Files,
    /// The bytes, by region.
    pub stores: Stores,
    /// The tools.
    pub tools: Arc<Registry>,
    /// The voice.
    pub speech: Arc<Speech>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Whose tokens are taken besides our own.
    pub oauth: OauthRules,
    /// Where it is reached.
    pub addresses: Addresses,
    /// The operator's key.
    pub operator_key: String,
    /// The data folder.
    pub folder: Folder,
    /// What was set.
    pub settings: Settings,
    /// How many files this process may have open.
    pub open_files: u64,
    /// The proxies in front of the doors.
    pub proxies: Proxies,
    listener: Option<TcpListener>,
    /// Those whose stores are reached over the network.
    regions: Vec<Region>,
    inspector: Arc<Inspector>,
    /// Who carries messages.
    pub carriers: Carriers,
    workers: jobs::WorkerSettings,
    catalog: Catalog,
    embedded: Option<Embedded>,
    published: bool,
    /// Everything that must end before the catalog closes.
    pub tasks: TaskTracker,
    /// Workers and the index follower end.
    rest: CancellationToken,
}

/// What may be done when an address is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenTaken {
    /// Fail.
    Fail,
    /// Take a free port of the same host, where the address was nobody's choice.
    TakeAnother,
}

impl House {
    /// Takes the data folder and opens every part. What cannot be undone comes last: a taken
    /// address or folder changes nothing.
    pub async fn open(loaded: &Loaded, when_taken: WhenTaken) -> Result<Self, HouseError> {
        let settings = loaded.settings.clone();
        let open_files = open_files::raise();
        let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let folder = Folder::take(&settings.data.dir)?;
        let may_move = |chosen: bool| when_taken == WhenTaken::TakeAnother && !chosen;
        let (listener, moved) = bind(settings.http.listen, may_move(loaded.http_chosen)).await?;
        let address = listener.local_addr().map_err(|source| HouseError::Listen { address: settings.http.listen, source })?;
        let (place, regions, home) = (settings.bytes_place()?, settings.regions()?, settings.home_region()?);
        let workers = settings.workers()?;
        let proxies = settings.http.proxies()?;
        let posts = outgoing::posts(&settings.store.events)?;
        let carriers = Box::pin(settings.delivery.carriers(&OutgoingPosts)).await?;
        let oauth = issuers::issuers(&settings.oauth)?;
        let mut secrets = folder.secrets(&*entropy)?;
        let server_secret = server_secret(&settings, &folder, &secrets)?;
        let policies = Policies::built_in()?;
        let speech = Arc::new(Speech::load("en")?);
        let catalog = match settings.catalog_place()? {
            // Two truths would go on side by side.
            CatalogPlace::Folder if folder.join(MOVED).exists() => return Err(HouseError::Moved { path: folder.join(MOVED) }),
            CatalogPlace::Folder => Box::pin(Catalog::open(&folder.join("catalog"), Arc::clone(&clock), Arc::clone(&entropy))).await?,
            CatalogPlace::Postgres(place) => Box::pin(Catalog::connect(&place, Arc::clone(&clock), Arc::clone(&entropy))).await?,
        };
        catalog.belong_to(&server_secret.mark()).await?;
        let (embedded, store_settings) = match place {
            Bytes::Remote(remote) => (None, *remote),
            Bytes::Embedded => {
                let (embedded, store) = embed(&folder, &settings, &secrets, may_move(loaded.bytes_chosen)).await?;
                (Some(embedded), store)
            }
        };
        let others: Vec<_> =
            regions.iter().filter(|region| region.name != home).map(|region| (region.name.clone(), region.store.clone())).collect();
        let bytes = store_settings.public_endpoint.clone().or_else(|| store_settings.endpoint.clone()).unwrap_or_default();
        let local = url_of(address);
        let public = settings.http.public_url.clone().unwrap_or_else(|| local.clone());
        let stores = Box::pin(Stores::connect((home, store_settings), others)).await?;
        let indexes = Indexes::open(folder.join("index"), IndexSettings::default())?;
        let program = std::env::current_exe().map_err(HouseError::Program)?;
        let model = settings.models.speech_folder(&settings.data.dir);
        let inspector = settings.inspect.apply(InspectorSettings {
            speech: models::is_complete(&model).then_some(model),
            concurrency: workers.processes(),
            keep_warm: true,
            require_sandbox: settings.workers.require_sandbox,
            ..InspectorSettings::new(program)
        })?;
        let files = Files::new(Parts {
            catalog: catalog.clone(),
            stores: stores.clone(),
            indexes,
            policies,
            clock,
            entropy: Arc::clone(&entropy),
            secret: server_secret,
            settings: FilesSettings {
                public_url: public.clone(),
                reveal_links: settings.links.reveal,
                evidence: settings.confirm.evidence(),
                code_beside_link: settings.links.code_beside_link,
                upload_limit: settings.limits.upload_bytes,
                keeping: settings.keeping.keeping(),
                posts,
                anchor_days: settings.audit.anchor_days,
                anchors_checked: settings.audit.anchors_checked,
                paces: settings.limits.paces(),
                ..FilesSettings::default()
            },
        });
        let missing = files.missing_regions().await.map_err(HouseError::Operator)?;
        if !missing.is_empty() {
            return Err(HouseError::Regions { missing });
        }
        let operator_key = operator_key(&files, &folder, &mut secrets).await?;
        // A catalog in the folder is held by this process alone, so whoever had these is gone.
        let taken = files.take_over().await.map_err(HouseError::TakeOver)?;
        if taken > 0 {
            tracing::info!(taken, "jobs and requests of a server that was cut off were taken over");
        }
        Ok(Self {
            tools: Arc::new(Registry::new(files.clone(), Arc::clone(&speech)).for_crowd(settings.limits.crowd())),
            speech,
            entropy,
            files,
            stores,
            oauth,
            addresses: Addresses { local, public, bytes, moved },
            operator_key,
            folder,
            listener: Some(listener),
            regions,
            settings,
            open_files,
            proxies,
            inspector: Arc::new(Inspector::new(inspector)),
            carriers,
            workers,
            catalog,
            embedded,
            published: false,
            tasks: TaskTracker::new(),
            rest: CancellationToken::new(),
        })
    }

    /// What the catalog stands on.
    pub fn ground(&self) -> Ground {
        self.catalog.ground()
    }

    /// Listens no longer: this process serves nobody.
    pub fn shut_doors(&mut self) {
        self.listener = None;
    }

    /// Starts the workers of this process, when it is to have any.
    pub fn start_workers(&self) {
        if self.workers.count > 0 {
            let workers = jobs::Workers::new(self.files.clone(), Arc::clone(&self.inspector), self.workers);
            self.tasks.spawn(workers.run(self.rest.clone()));
            let max_age_days = self.settings.inspect.clamd.database_max_age_days;
            let per_minute = self.settings.inspect.rescans_per_minute;
            self.tasks.spawn(jobs::rescan(self.files.clone(), Arc::clone(&self.inspector), per_minute, self.rest.clone()));
            let per_minute = self.settings.inspect.rereads_per_minute;
            self.tasks.spawn(jobs::reread(self.files.clone(), Arc::clone(&self.inspector), per_minute, self.rest.clone()));
            self.tasks.spawn(jobs::watch(self.files.clone(), Arc::clone(&self.inspector), max_age_days, self.rest.clone()));
            let delivery = jobs::Delivery {
                files: self.files.clone(),
                carriers: self.carriers.clone(),
                speech: Arc::clone(&self.speech),
                lease: self.workers.lease,
            };
            self.tasks.spawn(jobs::deliver(delivery, self.rest.clone()));
        }
    }

    /// Keeps this process's index in step from now on.
    pub fn start_following(&self) {
        self.tasks.spawn(jobs::follow(self.files.clone(), self.rest.clone()));
    }

    /// Listens to what the stores tell of their objects: the embedded one, and every queue that is set.
    pub fn start_hearing(&self) {
        let (files, rest) = (self.files.clone(), self.rest.clone());
        if let Some(embedded) = &self.embedded {
            let store = self.stores.home().clone();
            self.tasks.spawn(events::from_embedded(files.clone(), store.clone(), embedded.listen(), rest.clone()));
            self.tasks.spawn(events::reads_of_embedded(files.clone(), store, embedded.watch(), rest.clone()));
        }
        for region in &self.regions {
            let store = self.stores.iter().find(|(name, _)| **name == region.name).map(|(_, store)| store);
            if let (Some(store), Some(queue)) = (store, &region.queue_url) {
                self.tasks.spawn(events::from_queue(files.clone(), store.queue(queue), rest.clone()));
            }
        }
    }

    /// Signs checkpoints of the audit trail from now on, and once more at the end.
    pub fn start_sealing(&self) {
        let every = Duration::from_secs(self.settings.audit.checkpoint_seconds.max(1));
        self.tasks.spawn(jobs::seal(self.files.clone(), every, self.rest.clone()));
    }

    /// Finds out what the store does by itself, for whoever asks for readiness.
    pub fn start_probing(&self) {
        self.tasks.spawn(jobs::probe(self.files.clone(), self.rest.clone()));
    }

    /// Tells clients on this machine where the server is.
    pub fn publish(&mut self) -> Result<(), HouseError> {
        let card = ServerCard {
            url: self.addresses.local.clone(),
            bytes_url: self.addresses.bytes.clone(),
            operator_key: self.operator_key.clone(),
            pid: std::process::id(),
        };
        self.folder.show_card(&card)?;
        self.published = true;
        Ok(())
    }

    /// Serves the doors until `stop`, then lets requests under way end.
    pub async fn serve(&mut self, stop: CancellationToken) -> Result<(), HouseError> {
        let Some(listener) = self.listener.take() else { return Ok(()) };
        if !self.published {
            self.publish()?;
        }
        tracing::info!(address = %self.addresses.local, "satchel listens");
        let doors = doors::serve(self, listener, stop.clone());
        let rest = async {
            stop.cancelled().await;
            // Workers take no further job while requests end.
            self.rest.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = doors => {}
            () = rest => {}
        }
        Ok(())
    }

    /// Ends workers, store and catalog, in the order in which they need each other, and frees the folder.
    pub async fn close(mut self) {
        self.rest.cancel();
        self.tasks.close();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            // They end with the process: an upload whose sender dawdles is swept, a job taken over.
            tracing::warn!(tasks = self.tasks.len(), "work that did not end in time was cut");
        }
        if let Some(embedded) = self.embedded.take() {
            embedded.shutdown().await;
        }
        self.catalog.close().await;
        if self.published {
            self.folder.hide_card();
        }
        tracing::info!("satchel has stopped");
    }
}

async fn bind(address: SocketAddr, may_move: bool) -> Result<(TcpListener, bool), HouseError> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok((listener, false)),
        Err(error) if may_move && error.kind() == io::ErrorKind::AddrInUse => {
            let free = SocketAddr::new(address.ip(), 0);
            let listener = TcpListener::bind(free).await.map_err(|source| HouseError::Listen { address: free, source })?;
            Ok((listener, true))
        }
        Err(source) => Err(HouseError::Listen { address, source }),
    }
}

/// The secret that was set, else that of the folder.
fn server_secret(settings: &Settings, folder: &Folder, secrets: &SecretsFile) -> Result<ServerSecret, HouseError> {
    match &settings.data.secret {
        Some(set) => ServerSecret::parse(set.reveal()).ok_or_else(|| {
            let reason = "it must be 64 hexadecimal digits".to_owned();
            SettingsError::Value { key: "data.secret".to_owned(), reason }.into()
        }),
        None => secrets.server_secret().ok_or_else(|| HouseError::Secret { path: folder.join("secrets.json") }),
    }
}

async fn embed(
    folder: &Folder,
    settings: &Settings,
    secrets: &SecretsFile,
    may_move: bool,
) -> Result<(Embedded, StoreSettings), HouseError> {
    let region = settings.store.region.clone();
    let (files_bucket, metadata_bucket) = (format!("satchel-files-{region}"), format!("satchel-metadata-{region}"));
    let locations = settings.locations(&files_bucket, &metadata_bucket)?;
    let wanted = EmbeddedSettings {
        dir: folder.join("objects"),
        listen: settings.bytes.listen,
        access_key: secrets.store_access_key.clone(),
        secret_key: secrets.store_secret_key.clone(),
    };
    let embedded = match Embedded::start(wanted.clone()).await {
        Err(EmbeddedError::Listen { source, address }) if may_move && source.kind() == io::ErrorKind::AddrInUse => {
            Embedded::start(EmbeddedSettings { listen: SocketAddr::new(address.ip(), 0), ..wanted }).await?
        }
        started => started?,
    };
    let endpoint = url_of(embedded.local_addr());
    let store = StoreSettings {
        public_endpoint: Some(settings.bytes.public_url.clone().unwrap_or_else(|| endpoint.clone())),
        endpoint: Some(endpoint),
        access_key: secrets.store_access_key.clone(),
        secret_key: secrets.store_secret_key.clone(),
        files_bucket,
        metadata_bucket,
        region,
        path_style: true,
        checksums_when_required: false,
        create_buckets: true,
        credentials_by_chain: false,
        // Parts side by side would only be in this process's memory twice.
        tuning: Tuning { parts_at_once: 1, ..Tuning::default() },
        assume_role: None,
        kms_key: None,
        locations,
    };
    Ok((embedded, store))
}

/// The address under which this machine reaches a listener; one that listens everywhere is reached
/// by the loopback address.
fn url_of(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The operator's key of this data folder: kept, so that every start has the same.
async fn operator_key(files: &Files, folder: &Folder, secrets: &mut SecretsFile) -> Result<String, HouseError> {
    if let Some(key) = &secrets.operator_key
        && matches!(files.authenticate(key).await.map_err(HouseError::Operator)?, Some(Access::Operator))
    {
        return Ok(key.clone());
    }
    let key = files.create_operator_key().await.map_err(HouseError::Operator)?.secret;
    secrets.operator_key = Some(key.clone());
    folder.keep_secrets(secrets)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        for (address, url) in [
            ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("10.1.2.3:8080", "http://10.1.2.3:8080"),
        ] {
            assert_eq!(url_of(address.parse().unwrap()), url);
        }
    }
}
