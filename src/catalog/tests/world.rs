//! A customer with one of everything, and every question that can be asked about it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::fixture::{Fixture, LIMITS, admission, by_system, entry, hash, new_person, signing_key, verdict};
use super::sensitivity::own_rule;
use super::topics::{like, own_topic, topic};
use super::unlocks;
use crate::catalog::*;
use crate::domain::*;

/// One of everything.
pub(super) struct World {
    pub customer: CustomerId,
    pub key: KeyId,
    pub ana: UserId,
    pub phone: Phone,
    pub team: PersonId,
    pub john: PersonId,
    pub file: FileId,
    pub blob: BlobId,
    pub twice: BlobId,
    pub waiting: FileId,
    /// In quarantine, and where its bytes lie.
    pub harmful: FileId,
    pub place: String,
    pub name: FileName,
    pub released: FileRecord,
    /// A password that is being tried, and bytes that were harmful behind one.
    pub trying: Job,
    pub inside: BlobId,
    pub job: Job,
    pub call: CallId,
    pub pending: PendingId,
    pub share: ShareId,
    pub grant: GrantId,
    pub link: LinkId,
    pub upload_link: LinkId,
    pub sent: FileId,
    pub code: CodeId,
    pub upload: UploadId,
    pub import: ImportRecord,
    pub later: ImportRecord,
}

impl World {
    pub async fn of(fx: &Fixture) -> Self {
        Self::named(fx, "Northwind").await
    }

    /// One whose secrets carry its name: `key of`, `token of` and `slug of`.
    pub async fn named(fx: &Fixture, name: &str) -> Self {
        // On the heap: its making holds one of everything.
        Box::pin(Self::made(fx, name)).await
    }

    async fn made(fx: &Fixture, name: &str) -> Self {
        let catalog = &fx.catalog;
        let customer = fx.real_customer(name).await;
        let key = catalog.keys(customer).await.unwrap()[0].id;
        let (ana, phone) = (UserId::new(&*fx.clock, &*fx.entropy), Phone::parse("+15550100").unwrap());
        let person = Person {
            phone: Some(phone.clone()),
            email: Some("Ana@Example.com".to_owned()),
            ..new_person(customer, PersonId::User(ana), "Ana")
        };
        catalog.add_person(&person, &entry("add_person")).await.unwrap();
        let team = PersonId::Team(TeamId::new(&*fx.clock, &*fx.entropy));
        let members = Person { members: vec![ana], ..new_person(customer, team, "Finance") };
        catalog.add_person(&members, &entry("add_person")).await.unwrap();
        let john = fx.contact(customer, "John").await;
        // One whose bytes wait to be let go, one whose bytes wait to be given up, and an object of nobody.
        for (bytes, is_released) in [("old", false), ("older", true)] {
            let gone = fx.active(customer, bytes).await;
            catalog.delete_file(customer, gone, &entry("delete")).await.unwrap();
            if is_released {
                catalog.release_file(customer, gone, fx.in_seconds(1), &entry("release")).await.unwrap();
            }
        }
        let nobodys = Garbage { id: UploadId::new(&*fx.clock, &*fx.entropy), object_key: "documents/8".to_owned() };
        catalog.announce(customer, &nobodys, fx.now()).await.unwrap();
        let file = fx.active(customer, "report").await;
        // Bytes that came twice, and that the store judged where they came the second time.
        fx.active(customer, "twice").await;
        let place = format!("uploads/twice {name}");
        let twice = NewFile { object_key: place.clone(), ..fx.new_file(customer, "twice") };
        catalog.add_file(&twice, &entry("add")).await.unwrap();
        let judged = fx.lease().await;
        let judged = fx.cleared(&judged).await;
        catalog.admit(&judged, &admission("Twice"), &entry("admit")).await.unwrap();
        catalog.note_object_event(&fx.event(customer, &place, Happened::Judged(ScanStatus::Clean)), None).await.unwrap();
        let twice = catalog.file(customer, twice.id).await.unwrap().unwrap().blob;
        let harmful = fx.active(customer, "harmful").await;
        let record = catalog.file(customer, harmful).await.unwrap().unwrap();
        let (file_name, of_harmful) = (record.name, record.blob);
        let place = catalog.blob(customer, of_harmful).await.unwrap().unwrap().object_key;
        assert!(catalog.condemn(customer, &place, &verdict(ScanStatus::Infected), &entry("scan")).await.unwrap().is_some());
        let released = Box::pin(Self::let_out(fx, customer)).await;
        let (trying, inside) = Box::pin(Self::locked(fx, customer)).await;
        let sweep = catalog.take_sweep("world", fx.in_seconds(60)).await.unwrap().unwrap();
        catalog.end_sweep(&sweep, fx.now()).await.unwrap();
        let blob = catalog.file(customer, file).await.unwrap().unwrap().blob;
        let call =
            NewCall { external_id: Some("room-7".to_owned()), ..fx.new_call(customer, Caller::User(ana), &format!("token of {name}")) };
        catalog.open_call(&call, &entry("open_call")).await.unwrap();
        let call = call.id;
        catalog.heard(customer, call, HeardKind::Text, "share it", &entry("heard")).await.unwrap();
        catalog.list_in_call(customer, call, 0, &[file], true, &entry("find")).await.unwrap();
        let mut share = fx.new_share(customer, file, john);
        share.call = Some(call);
        share.link.slug_hash = hash(&format!("slug of {name}"));
        let code = fx.new_code(call, share.link.id, "427913");
        let (link, code_id) = (share.link.id, code.id);
        share.code = Some(code);
        share.messages.push(fx.new_message(john, Channel::Mail));
        catalog.share(&share, None, &entry("share")).await.unwrap();
        let opened = catalog.link(&share.link.slug_hash).await.unwrap().unwrap();
        catalog.downloaded(&opened, &entry("open_link")).await.unwrap();
        Self::keyed(fx, customer, call, link).await;
        let grant = fx.new_grant(customer, Place::File(file), PersonId::User(ana));
        catalog.give_grant(&grant, &entry("grant")).await.unwrap();
        let of_folder = fx.new_grant(customer, Place::Folder(Folder::parse("legal").unwrap()), team);
        catalog.give_grant(&of_folder, &entry("grant")).await.unwrap();
        let own_policies = NewPolicySet { texts: vec![("own.cedar".to_owned(), format!("// of {name}"))], note: String::new() };
        let number = catalog.add_policy_set(customer, &own_policies, &entry("draft_policies")).await.unwrap();
        catalog.activate_policy_set(customer, number, 0, &entry("activate_policies")).await.unwrap();
        catalog.set_own_rule(customer, &own_rule("heron"), &entry("set_own_rule")).await.unwrap();
        catalog.set_level_rules(customer, &LevelRule::USUAL, &entry("set_level_rules")).await.unwrap();
        Box::pin(Self::sorted(fx, customer, file)).await;
        let question = fx.new_pending(120);
        catalog.ask(customer, call, 0, &question, &entry("ask")).await.unwrap();
        let (import, later) = Self::adopted(fx, customer).await;
        let upload_link =
            NewUploadLink { sender: Some(john), slug_hash: hash(&format!("uploads of {name}")), ..fx.new_upload_link(customer, ana, call) };
        catalog.add_upload_link(&upload_link, None, &entry("request_upload")).await.unwrap();
        let sender = Sender { call: Some((call, 0)), user: Some(ana), link: Some(upload_link.id) };
        let sent = NewFile { sender: Some(sender), ..fx.new_file(customer, "sent") };
        catalog.add_file(&sent, &entry("add")).await.unwrap();
        let job = fx.lease().await;
        let job = fx.cleared(&job).await;
        catalog.admit(&job, &admission("Sent"), &entry("admit")).await.unwrap();
        let (upload_link, sent) = (upload_link.id, sent.id);
        let waiting = fx.arrived(customer, "letter").await;
        let job = fx.lease().await;
        let upload = UploadId::new(&*fx.clock, &*fx.entropy);
        let direct = DirectUpload { owner: Some(ana), replaces: Some(file), ..fx.new_direct(customer, upload, "uploads/1") };
        assert!(catalog.begin_direct(&direct, MostOpen::OfCustomer(1), &entry("begin_upload")).await.unwrap());
        catalog.note_object_event(&fx.event(customer, "uploads/1", Happened::Created), None).await.unwrap();
        catalog.hold_file(customer, waiting, "a claim", &entry("hold")).await.unwrap();
        catalog.seal_chain(&customer.to_string(), &signing_key(), fx.now()).await.unwrap();
        let (pending, share) = (question.id, share.id);
        Self {
            customer,
            key,
            ana,
            phone,
            team,
            john,
            file,
            blob,
            twice,
            waiting,
            harmful,
            place,
            name: file_name,
            released,
            trying,
            inside,
            job,
            call,
            pending,
            share,
            grant: grant.id,
            link,
            upload_link,
            sent,
            code: code_id,
            upload,
            import,
            later,
        }
    }

    /// Bytes that were found harmful, and that two people let out.
    async fn let_out(fx: &Fixture, customer: CustomerId) -> FileRecord {
        let file = fx.active(customer, "let out").await;
        let record = fx.catalog.file(customer, file).await.unwrap().unwrap();
        let place = fx.catalog.blob(customer, record.blob).await.unwrap().unwrap().object_key;
        fx.catalog.condemn(customer, &place, &verdict(ScanStatus::Infected), &entry("scan")).await.unwrap();
        let new = fx.new_release(&record, 86_400);
        fx.catalog.propose_release(customer, &new, &entry("release_quarantine")).await.unwrap();
        assert_eq!(fx.catalog.confirm_release(customer, new.id, "checked", &by_system("release_quarantine")).await.unwrap(), [file]);
        let job = fx.lease().await;
        fx.passes(&job).await;
        record
    }

    /// A password that a worker has in hand, and bytes that one opened and that were harmful.
    async fn locked(fx: &Fixture, customer: CustomerId) -> (Job, BlobId) {
        let harmful = unlocks::locked(fx, customer, "locked harm").await;
        let blob = fx.catalog.file(customer, harmful).await.unwrap().unwrap().blob;
        let job = unlocks::trying(fx, customer, harmful).await;
        let inside = Inside { verdict: &verdict(ScanStatus::Infected), moved: None };
        fx.catalog.end_unlock(&job, &UnlockEnd::Harmful(&inside), "a file", &entry("unlock")).await.unwrap();
        let file = unlocks::locked(fx, customer, "locked").await;
        (unlocks::trying(fx, customer, file).await, blob)
    }

    /// A code for calls that was keyed wrong from one number, and right from its own.
    async fn keyed(fx: &Fixture, customer: CustomerId, call: CallId, link: LinkId) {
        let number = Phone::parse("+15550100123").unwrap();
        let code = NewCode { caller: Some(number.clone()), ..fx.new_code(call, link, "42791386") };
        assert!(fx.catalog.issue_code(customer, &code, &entry("issue_code")).await.unwrap());
        let typed = hash("42791386");
        for (number, seconds) in [(Phone::parse("+15550100999").unwrap(), -20), (number, -10)] {
            let by = Guesser { scope: number.as_str().to_owned(), is_caller: true };
            let heard_at = fx.in_seconds(seconds);
            let guess = CallGuess { call, epoch: 0, number: &number, heard_at, code_hash: &typed, by: &by, strict: false };
            assert!(fx.catalog.try_call_code(customer, &guess, &LIMITS, &entry("redeem_code")).await.unwrap().is_some());
        }
    }

    /// What somebody says that a file is, a category of the customer's own, and files that are looked at again.
    async fn sorted(fx: &Fixture, customer: CustomerId, file: FileId) {
        let catalog = &fx.catalog;
        catalog.set_own_topic(customer, &own_topic("herons"), &entry("set_own_category")).await.unwrap();
        let said = topic("contracts");
        catalog.say_topic(customer, file, Some(&said), &like("lease", "Ana"), &entry("categorise")).await.unwrap();
        catalog.begin_reread(customer, Reread::Categories, &entry("reread_categories")).await.unwrap();
    }

    /// A run that somebody is at, with an object that it adopted and one that it refused; and a run after it.
    async fn adopted(fx: &Fixture, customer: CustomerId) -> (ImportRecord, ImportRecord) {
        let catalog = &fx.catalog;
        assert!(catalog.begin_import(&fx.new_import(customer, "legal/"), 1, &entry("import")).await.unwrap());
        let import = catalog.lease_import(fx.in_seconds(300)).await.unwrap().expect("a run is due");
        catalog.add_file(&fx.new_adopted(&import, "legal/deed.pdf", "1"), &entry("adopt")).await.unwrap();
        let job = fx.lease().await;
        catalog.close_job(&job, JobState::Done, None, &entry("inspect")).await.unwrap();
        let note = |name: &str, sighting| ImportNote { name: name.to_owned(), sighting, reason: Some("it says".to_owned()) };
        let notes = vec![note("legal/deed.pdf", Sighting::Adopted), note("legal/", Sighting::Refused)];
        let page = ImportPage { notes, next: Some((ImportState::Listing, Some("legal/deed.pdf".to_owned()))) };
        catalog.advance_import(&import, &page, None).await.unwrap();
        let later = ImportRecord { id: ImportId::new(&*fx.clock, &*fx.entropy), ..import.clone() };
        (import, later)
    }

    /// The text form of everything that is this customer's alone.
    pub fn ids(&self) -> Vec<String> {
        vec![
            self.customer.to_string(),
            self.key.to_string(),
            self.ana.to_string(),
            self.team.to_string(),
            self.john.to_string(),
            self.file.to_string(),
            self.blob.to_string(),
            self.waiting.to_string(),
            self.job.id.to_string(),
            self.trying.id.to_string(),
            self.call.to_string(),
            self.pending.to_string(),
            self.share.to_string(),
            self.grant.to_string(),
            self.link.to_string(),
            self.upload_link.to_string(),
            self.sent.to_string(),
            self.code.to_string(),
            self.upload.to_string(),
            self.import.id.to_string(),
        ]
    }

    /// What every reading verb that takes a customer answers when this one's things are asked for by `asker`.
    pub async fn asked_by(&self, catalog: &Catalog, asker: CustomerId) -> Vec<Answer> {
        let PersonId::Team(_) = self.team else { panic!("a team") };
        let call = self.call.to_string();
        vec![
            answer("keys", &catalog.keys(asker).await.unwrap()),
            answer("key", &catalog.key(asker, self.key).await.unwrap()),
            answer("people", &catalog.people(asker).await.unwrap()),
            answer("person", &catalog.person(asker, self.team).await.unwrap()),
            answer("user_by_phone", &catalog.user_by_phone(asker, &self.phone).await.unwrap()),
            answer("user_by_mail", &catalog.user_by_mail(asker, "ana@example.com").await.unwrap()),
            answer("teams_of", &catalog.teams_of(asker, self.ana).await.unwrap()),
            answer("call", &catalog.call(asker, &call).await.unwrap()),
            answer("call", &catalog.call(asker, "room-7").await.unwrap()),
            answer("living_calls", &catalog.living_calls(asker, 100).await.unwrap()),
            answer("listed", &catalog.listed(asker, self.call, 0).await.unwrap()),
            answer("pending", &catalog.pending(asker, self.call, 0).await.unwrap()),
            answer("living_code", &catalog.living_code(asker, self.call, self.link, false).await.unwrap()),
            answer("opened_in_call", &catalog.opened_in_call(asker, self.call, 0).await.unwrap()),
            answer("file", &catalog.file(asker, self.file).await.unwrap()),
            answer("files_of", &catalog.files_of(asker, &[self.waiting, self.file]).await.unwrap()),
            answer("given", &catalog.given(asker, self.file).await.unwrap()),
            answer("files_after", &catalog.files_after(asker, None, 100).await.unwrap()),
            answer("direct_upload", &catalog.direct_upload(asker, self.upload).await.unwrap()),
            answer("blob", &catalog.blob(asker, self.blob).await.unwrap()),
            answer("versions", &catalog.versions(asker, self.file).await.unwrap()),
            answer("version", &catalog.version(asker, self.file, 1).await.unwrap()),
            answer("releasable", &catalog.releasable(asker, Timestamp::MAX, 100).await.unwrap()),
            answer("collectable", &catalog.collectable(asker, Timestamp::MAX, 100).await.unwrap()),
            answer("import", &catalog.import(asker, self.import.id).await.unwrap()),
            answer("import_notes", &catalog.import_notes(asker, self.import.id, None, 100).await.unwrap()),
            answer("adopted_objects", &catalog.adopted_objects(asker, "archive", &["legal/deed.pdf".to_owned()]).await.unwrap()),
            answer(
                "unseen_objects",
                &catalog.unseen_objects(&ImportRecord { customer: asker, ..self.later.clone() }, None, 100).await.unwrap(),
            ),
            answer("held_files", &catalog.held_files(asker, None, 100).await.unwrap()),
            answer("due_garbage", &catalog.due_garbage(asker, 100).await.unwrap()),
            answer("changes", &catalog.changes(asker, 0, 100).await.unwrap()),
            answer("grants", &catalog.grants(asker, self.file).await.unwrap()),
            answer("grants_of", &catalog.grants_of(asker, &[self.file, self.waiting]).await.unwrap()),
            answer("standing_grant", &catalog.standing_grant(asker, self.grant).await.unwrap()),
            answer("standing_grants", &catalog.standing_grants(asker, &Place::File(self.file)).await.unwrap()),
            answer("folder_grants", &catalog.folder_grants(asker, &Folder::parse("legal/2026").unwrap()).await.unwrap()),
            answer("granted_folders", &catalog.granted_folders(asker, &[self.team]).await.unwrap()),
            answer("newest_files", &catalog.newest_files(asker, 100).await.unwrap()),
            answer("active_policy_set", &u64::from(catalog.active_policy_set(asker).await.unwrap())),
            answer("policy_set", &catalog.policy_set(asker, 1).await.unwrap()),
            answer("policy_sets", &catalog.policy_sets(asker, None, 100).await.unwrap()),
            answer("findings", &catalog.findings(asker, self.file, 1).await.unwrap()),
            answer("own_rules", &catalog.own_rules(asker).await.unwrap()),
            answer("level_rules", &catalog.level_rules(asker).await.unwrap()),
            answer("own_topics", &catalog.own_topics(asker).await.unwrap()),
            answer("remembered", &catalog.remembered(asker, self.waiting, &like("lease", "Ana")).await.unwrap()),
            answer("rereads", &catalog.rereads(asker).await.unwrap()),
            answer("share_with", &catalog.share_with(asker, self.file, self.john, Rights::View).await.unwrap()),
            answer("shares_of_call", &catalog.shares_of_call(asker, self.call).await.unwrap()),
            answer("shares_of_file", &catalog.shares_of_file(asker, self.file).await.unwrap()),
            answer("shares", &catalog.shares(asker, &ShareFilter::default(), 100).await.unwrap()),
            answer("share_of", &catalog.share_of(asker, self.share).await.unwrap()),
            answer("openings", &catalog.openings(asker, self.file, 100).await.unwrap()),
            answer("events", &catalog.events(asker, self.call, 0, 100).await.unwrap()),
            answer("upload_links_of", &catalog.upload_links_of(asker, self.ana, 100).await.unwrap()),
            answer("came_by", &catalog.came_by(asker, self.upload_link).await.unwrap()),
            answer("arrived_for", &catalog.arrived_for(asker, Some(self.ana), (self.call, 0), 100).await.unwrap()),
            answer("outbox", &catalog.outbox(asker, 100).await.unwrap()),
            answer("stages", &catalog.stages(asker, self.waiting, 1).await.unwrap()),
            answer("open_jobs", &catalog.open_jobs(asker).await.unwrap()),
            answer("object_note", &catalog.object_note(asker, "uploads/1").await.unwrap()),
            answer("store_verdict", &catalog.store_verdict(asker, self.twice).await.unwrap()),
            answer("quarantined_files", &catalog.quarantined_files(asker, None, 100).await.unwrap()),
            answer("quarantined_file", &catalog.quarantined_file(asker, self.harmful).await.unwrap()),
            answer("release_in_force", &catalog.release_in_force(asker, &self.released.checksum).await.unwrap()),
            answer("open_releases", &catalog.open_releases(asker, 100).await.unwrap()),
            answer("checksum_at", &catalog.checksum_at(asker, &self.place).await.unwrap()),
            answer("known_clean", &catalog.known_clean(asker, self.blob, "boreal 1 rules 7", &self.name).await.unwrap()),
            answer("stale_blobs", &catalog.stale_blobs(asker, "another", Timestamp::MAX, 100).await.unwrap()),
            answer("password_to_try", &catalog.password_to_try(&Job { customer: asker, ..self.trying.clone() }).await.unwrap()),
            answer("harm_inside", &catalog.harm_inside(asker, self.inside).await.unwrap()),
            answer("condemned", &catalog.condemned(asker, 100).await.unwrap()),
            answer("object_reference", &catalog.object_reference(asker, "uploads/1").await.unwrap()),
            answer("audit_page", &catalog.audit_page(asker, 0, 100).await.unwrap()),
            answer("checkpoint_notes", &catalog.checkpoint_notes(&asker.to_string(), 0, 100).await.unwrap()),
            answer("unanchored_note", &catalog.unanchored_note(&asker.to_string()).await.unwrap()),
        ]
    }

    /// What the verbs answer that take a secret or belong to the operator.
    pub async fn asked_by_nobody(&self, fx: &Fixture, catalog: &Catalog) -> Vec<Answer> {
        let chain = self.customer.to_string();
        vec![
            answer("customer", &catalog.customer(self.customer).await.unwrap()),
            answer("quota", &catalog.quota(self.customer).await.unwrap()),
            answer("last_changes", &catalog.last_changes().await.unwrap()),
            answer("customers_after", &catalog.customers_after(None, true, 100).await.unwrap()),
            answer("customers", &catalog.customers().await.unwrap()),
            answer("regions", &catalog.regions().await.unwrap()),
            answer("key_by_secret", &catalog.key_by_secret(&hash("key of Northwind")).await.unwrap()),
            answer("call_by_token", &catalog.call_by_token(&hash("token of Northwind")).await.unwrap()),
            answer("link", &catalog.link(&hash("slug of Northwind")).await.unwrap()),
            answer("upload_link", &catalog.upload_link(&hash("uploads of Northwind")).await.unwrap()),
            answer("stale_uploads", &catalog.stale_uploads(fx.in_seconds(1), None, 100).await.unwrap()),
            answer("audit_chains", &catalog.audit_chains().await.unwrap()),
            answer("unsealed_chains", &catalog.unsealed_chains("", 100).await.unwrap()),
            answer("unanchored_chains", &catalog.unanchored_chains("", 100).await.unwrap()),
            answer("verify_chain", &Some(catalog.verify_chain(&chain).await.unwrap())),
            answer("verify_sealed", &Some(catalog.verify_sealed(&chain, signing_key().verifier(), Checkpoints::default()).await.unwrap())),
        ]
    }
}

/// What a verb answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub verb: &'static str,
    /// What it said, without the keys it was asked with.
    pub said: String,
    pub nothing: bool,
}

fn answer(verb: &'static str, value: &impl Said) -> Answer {
    Answer { verb, said: value.said(), nothing: value.is_nothing() }
}

trait Said {
    fn said(&self) -> String;
    fn is_nothing(&self) -> bool;
}

impl<T: Debug> Said for Option<T> {
    fn said(&self) -> String {
        format!("{self:?}")
    }
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Debug> Said for Vec<T> {
    fn said(&self) -> String {
        format!("{self:?}")
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Said for u64 {
    fn said(&self) -> String {
        self.to_string()
    }
    fn is_nothing(&self) -> bool {
        *self == 0
    }
}

impl<K, T: Debug> Said for BTreeMap<K, Vec<T>> {
    fn said(&self) -> String {
        format!("{:?}", self.values().collect::<Vec<_>>())
    }
    fn is_nothing(&self) -> bool {
        self.values().all(Vec::is_empty)
    }
}
