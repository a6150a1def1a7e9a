//! Files arriving, being listed and going.

use super::fixture::{Fixture, catalog_suite, conflicts, entry};
use crate::catalog::{AddedFile, Given, NewFile};
use crate::domain::{Category, ErrorCode, ExtractionStatus, FileId, FileName, FileStatus, Owner, ScanStatus, Topic, UploadId};

async fn a_file_arrives_unscanned_with_a_job(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let ana = fx.user(customer, "Ana").await;
    let given = Given {
        title: Some("The report".to_owned()),
        author: Some("Ana".to_owned()),
        tags: vec!["q2".to_owned(), "a, \"b\"".to_owned()],
        category: Some(Category::Spreadsheet),
        topic: Some(Topic::parse("reports").unwrap()),
        created_date: Some(jiff::civil::date(2025, 6, 30)),
    };
    let new = NewFile { owner: Owner::User(ana), given: given.clone(), ..fx.new_file(customer, "report") };
    fx.catalog.begin_upload(customer, new.upload.unwrap(), &new.object_key).await.unwrap();
    let added = fx.catalog.add_file(&new, &entry("add")).await.unwrap();
    assert_eq!(added, AddedFile { version: 1, duplicate: false });
    let file = fx.catalog.file(customer, new.id).await.unwrap().unwrap();
    assert_eq!((file.owner, &file.folder, &file.name, file.title.as_str()), (new.owner, &new.folder, &new.name, "Q2 report"));
    assert_eq!((file.author, file.tags, file.category), (given.author.clone(), given.tags.clone(), Category::Spreadsheet));
    assert_eq!((file.topic.as_str(), file.topic_said.unwrap().by.as_str(), file.sorted), ("reports", "operator", None));
    assert_eq!((file.created_date, file.size, file.checksum), (given.created_date, 6, new.checksum));
    assert_eq!((file.version, file.blob, file.status, file.scan), (1, new.blob, FileStatus::Scanning, ScanStatus::Pending));
    assert_eq!((file.extraction.status, file.excerpt, file.hold), (ExtractionStatus::Pending, None, false));
    assert_eq!((file.added_at, file.updated_at, file.last_accessed), (fx.now(), fx.now(), None));
    assert_eq!(fx.catalog.given(customer, new.id).await.unwrap(), Some(given));
    assert_eq!(fx.catalog.open_jobs(customer).await.unwrap(), 1);
    assert_eq!(fx.catalog.stale_uploads(fx.in_seconds(1), None, 10).await.unwrap(), [], "the upload became a file");
    let blob = fx.catalog.blob(customer, new.blob).await.unwrap().unwrap();
    assert_eq!((blob.object_key, blob.text_key, blob.size, blob.scan), (new.object_key, None, 6, ScanStatus::Pending));
    assert_eq!(blob.adopted, None, "they lie where this server put them");
}

async fn the_same_bytes_are_stored_once_per_customer(fx: &Fixture) {
    let (north, south) = (fx.customer("North").await, fx.customer("South").await);
    let (first, second) = (fx.new_file(north, "same"), fx.new_file(north, "same"));
    let elsewhere = fx.new_file(south, "same");
    for new in [&first, &second, &elsewhere] {
        fx.catalog.begin_upload(new.customer, new.upload.unwrap(), &new.object_key).await.unwrap();
    }
    assert!(!fx.catalog.add_file(&first, &entry("add")).await.unwrap().duplicate);
    assert!(fx.catalog.add_file(&second, &entry("add")).await.unwrap().duplicate);
    assert!(!fx.catalog.add_file(&elsewhere, &entry("add")).await.unwrap().duplicate, "nothing is shared between customers");
    let blob_of = async |new: &NewFile| fx.catalog.file(new.customer, new.id).await.unwrap().unwrap().blob;
    assert_eq!(blob_of(&second).await, first.blob);
    assert_eq!(blob_of(&elsewhere).await, elsewhere.blob);
    assert_eq!(fx.catalog.blob(north, first.blob).await.unwrap().unwrap().object_key, first.object_key);
    assert_eq!(fx.catalog.blob(north, second.blob).await.unwrap(), None);
    // The spare object is known until somebody says it is gone.
    let stale = fx.catalog.stale_uploads(fx.in_seconds(1), None, 10).await.unwrap();
    assert_eq!(stale, [(north, second.upload.unwrap(), second.object_key.clone())]);
    fx.catalog.abandon_upload(north, second.upload.unwrap(), &entry("sweep")).await.unwrap();
    assert_eq!(fx.catalog.stale_uploads(fx.in_seconds(1), None, 10).await.unwrap(), []);
}

async fn parallel_arrivals_of_the_same_bytes_share_one_blob(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let tasks = (0..6).map(|_| {
        let (catalog, new) = (fx.catalog.clone(), fx.new_file(customer, "same"));
        async move { (catalog.add_file(&new, &entry("add")).await.unwrap().duplicate, new.id) }
    });
    let added = super::fixture::at_once(tasks).await;
    assert_eq!(added.iter().filter(|(duplicate, _)| !duplicate).count(), 1);
    let mut blobs = Vec::new();
    for (_, id) in added {
        blobs.push(fx.catalog.file(customer, id).await.unwrap().unwrap().blob);
    }
    blobs.dedup();
    assert_eq!(blobs.len(), 1);
}

async fn uploads_that_never_became_a_file_are_found_later(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let upload = UploadId::new(&*fx.clock, &*fx.entropy);
    fx.catalog.begin_upload(customer, upload, "uploads/1").await.unwrap();
    let begun = fx.now();
    fx.clock.advance_seconds(60);
    fx.catalog.begin_upload(customer, UploadId::new(&*fx.clock, &*fx.entropy), "uploads/2").await.unwrap();
    assert_eq!(fx.catalog.stale_uploads(begun, None, 10).await.unwrap(), [], "not yet older");
    assert_eq!(fx.catalog.stale_uploads(fx.now(), None, 10).await.unwrap(), [(customer, upload, "uploads/1".to_owned())]);
    assert_eq!(fx.catalog.stale_uploads(fx.in_seconds(1), None, 1).await.unwrap().len(), 1, "as many as asked for");
}

async fn a_new_version_goes_back_to_the_scanner(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.active(customer, "first").await;
    let before = fx.catalog.file(customer, file).await.unwrap().unwrap();
    fx.clock.advance_seconds(10);
    let next = NewFile { id: file, name: FileName::parse("Q2 report v2.pdf").unwrap(), ..fx.new_file(customer, "second") };
    assert_eq!(fx.catalog.add_file(&next, &entry("add")).await.unwrap(), AddedFile { version: 2, duplicate: false });
    let after = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((after.version, after.blob, after.status, after.scan), (2, next.blob, FileStatus::Scanning, ScanStatus::Pending));
    assert_eq!((after.added_at, after.updated_at), (before.added_at, fx.now()));
    assert_eq!((after.excerpt, after.summary, after.page_count, after.duration_ms), (None, None, None, None), "the old words are gone");
    assert!(before.language.is_some() && after.language.is_none() && !before.facts.is_empty() && after.facts.is_empty());
    assert!(after.change_seq > before.change_seq);
    let versions = fx.catalog.versions(customer, file).await.unwrap();
    let numbers: Vec<_> = versions.iter().map(|version| (version.number, version.blob, version.name.as_str())).collect();
    assert_eq!(numbers, [(2, next.blob, "Q2 report v2.pdf"), (1, before.blob, "Q2 report.pdf")]);
    assert_eq!((versions[1].size, versions[1].checksum, versions[1].created_at), (5, before.checksum, before.added_at));
    let records = fx.catalog.audit_page(customer, 0, 100).await.unwrap();
    assert_eq!(records.last().unwrap().version, Some(2), "the record names the version it made");
}

async fn several_files_come_in_the_order_in_which_they_are_asked_for(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let (first, second, third) =
        (fx.arrived(customer, "one").await, fx.arrived(customer, "two").await, fx.arrived(customer, "three").await);
    let nobodys = FileId::new(&*fx.clock, &*fx.entropy);
    for asked in [vec![third, first, second], vec![second, nobodys, third, first], vec![nobodys], Vec::new()] {
        let there: Vec<_> = asked.iter().copied().filter(|file| *file != nobodys).collect();
        let found: Vec<_> = fx.catalog.files_of(customer, &asked).await.unwrap().into_iter().map(|file| file.id).collect();
        assert_eq!(found, there);
    }
}

async fn a_file_takes_a_new_version_only_when_it_is_settled(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "first").await;
    let version = |bytes: &str| NewFile { id: file, ..fx.new_file(customer, bytes) };
    assert!(conflicts(fx.catalog.add_file(&version("second"), &entry("add")).await), "its first is being scanned");
    let job = fx.lease().await;
    fx.judge(&job, ScanStatus::Clean).await.unwrap();
    assert!(conflicts(fx.catalog.add_file(&version("second"), &entry("add")).await), "its first is being read");
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert!(conflicts(fx.catalog.add_file(&version("second"), &entry("add")).await), "it is deleted");
    assert_eq!(fx.catalog.versions(customer, file).await.unwrap().len(), 1);
}

async fn files_page_through_by_id_without_the_deleted(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let mut files = Vec::new();
    for index in 0..5 {
        fx.clock.advance_seconds(1);
        files.push(fx.arrived(customer, &format!("bytes {index}")).await);
    }
    fx.catalog.delete_file(customer, files[1], &entry("delete")).await.unwrap();
    let page = async |after: Option<FileId>| -> Vec<FileId> {
        fx.catalog.files_after(customer, after, 2).await.unwrap().into_iter().map(|file| file.id).collect()
    };
    assert_eq!(page(None).await, [files[0], files[2]]);
    assert_eq!(page(Some(files[2])).await, [files[3], files[4]]);
    assert_eq!(page(Some(files[4])).await, []);
}

async fn a_deleted_file_stays_known_and_is_deleted_once(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.active(customer, "report").await;
    let before = fx.catalog.file(customer, file).await.unwrap().unwrap();
    fx.clock.advance_seconds(10);
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    let after = fx.catalog.file(customer, file).await.unwrap().unwrap();
    assert_eq!((after.status, after.updated_at), (FileStatus::Deleted, fx.now()));
    assert!(after.change_seq > before.change_seq, "who follows the changes hears of it");
    let error = fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    let unknown = FileId::new(&*fx.clock, &*fx.entropy);
    assert!(conflicts(fx.catalog.delete_file(customer, unknown, &entry("delete")).await));
}

async fn a_hold_and_a_retention_stop_deletion_in_every_state(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    for status in FileStatus::ALL.into_iter().filter(|status| *status != FileStatus::Deleted) {
        let file = fx.arrived(customer, status.as_str()).await;
        let set = async |change: &str| {
            let sql = format!("UPDATE files SET status = '{status}', {change} WHERE id = '{file}'");
            assert_eq!(fx.damage(&sql).await, 1);
        };
        let before = fx.records(customer).await;
        let later = fx.in_seconds(60).as_microsecond();
        for stop in ["hold = 1".to_owned(), format!("hold = 0, retention_until = {later}")] {
            set(&stop).await;
            assert!(conflicts(fx.catalog.delete_file(customer, file, &entry("delete")).await), "{status}, {stop}");
            assert_eq!(fx.state(customer, file).await, status);
        }
        assert_eq!(fx.records(customer).await, before, "what was not done is not recorded as done");
        fx.clock.advance_seconds(60);
        fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
        assert_eq!(fx.state(customer, file).await, FileStatus::Deleted, "{status}");
    }
}

async fn bytes_handed_out_are_noted_for_an_active_file_only(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.arrived(customer, "report").await;
    assert!(conflicts(fx.catalog.accessed(customer, file, &entry("download")).await), "no verdict yet");
    let job = fx.lease().await;
    let job = fx.cleared(&job).await;
    fx.catalog.admit(&job, &super::fixture::admission("Report"), &entry("admit")).await.unwrap();
    fx.clock.advance_seconds(30);
    fx.catalog.accessed(customer, file, &entry("download")).await.unwrap();
    assert_eq!(fx.catalog.file(customer, file).await.unwrap().unwrap().last_accessed, Some(fx.now()));
    fx.catalog.delete_file(customer, file, &entry("delete")).await.unwrap();
    assert!(conflicts(fx.catalog.accessed(customer, file, &entry("download")).await));
}

async fn a_row_that_means_nothing_is_an_error_that_names_it(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    let file = fx.active(customer, "report").await;
    for change in ["status = 'lost'", "tags = 'a, b'", "added_at = 9223372036854775807", "version = -1", "folder = '../up'"] {
        fx.damage("CREATE TABLE kept AS SELECT * FROM files").await;
        fx.damage(&format!("UPDATE files SET {change}")).await;
        let error = fx.catalog.file(customer, file).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the catalog's row `{file}` of `files` cannot be read"), "{change}");
        assert_eq!(error.code(), ErrorCode::Internal);
        let column = change.split(' ').next().unwrap();
        fx.damage(&format!("UPDATE files SET {column} = (SELECT {column} FROM kept)")).await;
        fx.damage("DROP TABLE kept").await;
        assert!(fx.catalog.file(customer, file).await.is_ok(), "{change}");
    }
}

async fn a_catalog_that_is_closed_is_unavailable(fx: &Fixture) {
    let customer = fx.customer("Northwind").await;
    fx.catalog.probe().await.unwrap();
    fx.catalog.close().await;
    assert_eq!(fx.catalog.probe().await.unwrap_err().code(), ErrorCode::Unavailable);
    assert_eq!(fx.catalog.record(customer, &entry("look")).await.unwrap_err().code(), ErrorCode::Unavailable);
}

catalog_suite!(
    several_files_come_in_the_order_in_which_they_are_asked_for,
    a_file_arrives_unscanned_with_a_job,
    the_same_bytes_are_stored_once_per_customer,
    parallel_arrivals_of_the_same_bytes_share_one_blob,
    uploads_that_never_became_a_file_are_found_later,
    a_new_version_goes_back_to_the_scanner,
    a_file_takes_a_new_version_only_when_it_is_settled,
    files_page_through_by_id_without_the_deleted,
    a_deleted_file_stays_known_and_is_deleted_once,
    a_hold_and_a_retention_stop_deletion_in_every_state,
    bytes_handed_out_are_noted_for_an_active_file_only,
    a_row_that_means_nothing_is_an_error_that_names_it,
    a_catalog_that_is_closed_is_unavailable,
);
