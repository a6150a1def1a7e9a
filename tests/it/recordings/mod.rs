//! Recordings, from their bytes to words that can be found: by a real model, in a real worker process.

mod words;

use std::path::{Path, PathBuf};

use futures::StreamExt;
use satchel::domain::{ChunkStream, FileName};
use satchel::inspect::{Inspector, InspectorSettings, Listened, Unheard};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::program::satchel;
use crate::load::server::{Server, until};
use crate::support::beside;
use words::errors;

/// Brings the model into a folder, as its user would who has the packages already.
fn model() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = satchel();
    command.args(["models", "get", "speech", "--into"]).arg(folder.path());
    for entry in std::fs::read_dir(beside("SATCHEL_TEST_SPEECH")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "whl") {
            command.arg("--from").arg(path);
        }
    }
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    folder
}

fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sound").join(name)
}

fn inspector(model: &Path) -> Inspector {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_satchel"));
    // All that a worker has beside its file is the model, which it must have before it gives up files.
    Inspector::new(InspectorSettings { speech: Some(model.to_owned()), require_sandbox: true, ..InspectorSettings::new(program) })
}

async fn heard(inspector: &Inspector, bytes: Vec<u8>) -> Result<Listened, Unheard> {
    let stream: ChunkStream =
        futures::stream::iter(bytes.chunks(100_000).map(|chunk| Ok(chunk.to_vec().into())).collect::<Vec<_>>()).boxed();
    inspector.listen(&FileName::parse("call.wav").unwrap(), stream).await
}

/// Transcribes a recording of the fixtures; wrong words of how many.
async fn wrong_words(name: &str) -> (usize, usize) {
    let model = model();
    let listened = heard(&inspector(model.path()), std::fs::read(recording(&format!("{name}.wav"))).unwrap()).await.unwrap();
    let said: Vec<String> = listened.passages.iter().map(|passage| passage.text.clone()).collect();
    let (wrong, of) = errors(&std::fs::read_to_string(recording(&format!("{name}.txt"))).unwrap(), &said.join(" "));
    eprintln!("{name}: {wrong} of {of} words wrong in {} s: {said:?}", listened.duration_ms / 1000);
    let ends: Vec<u64> = listened.passages.iter().map(|passage| passage.until_ms).collect();
    assert!(ends.is_sorted() && ends.last().is_some_and(|end| *end <= listened.duration_ms), "{listened:?}");
    (wrong, of)
}

#[tokio::test]
async fn a_message_on_a_telephone_line_is_written_down_mostly_right() {
    let (wrong, of) = wrong_words("message").await;
    assert!(wrong * 4 <= of, "{wrong} of {of}");
}

#[tokio::test]
async fn what_is_no_sound_is_told_apart_from_silence() {
    let model = model();
    let inspector = inspector(model.path());
    assert!(matches!(heard(&inspector, b"%PDF-1.7 no sound".to_vec()).await, Err(Unheard::Unreadable(_))));
    let mut silence = std::fs::read(recording("message.wav")).unwrap();
    // The head of the file, and then nothing: 255 is zero in mu-law.
    silence[58..].fill(0xFF);
    let listened = heard(&inspector, silence).await.unwrap();
    assert!(listened.passages.is_empty() && listened.duration_ms > 9_000, "{listened:?}");
}

#[tokio::test]
async fn without_its_files_a_model_hears_nothing_and_says_that_it_is_not_the_recordings_fault() {
    let empty = tempfile::tempdir().unwrap();
    let heard = heard(&inspector(empty.path()), std::fs::read(recording("message.wav")).unwrap()).await;
    assert!(matches!(heard, Err(Unheard::NotNow(_))), "{heard:?}");
}

fn stage<'a>(file: &'a Value, name: &str) -> &'a Value {
    let stages = file["stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["name"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_recording_is_here_at_once_and_has_its_words_a_little_later() {
    let model = model();
    let server = Server::start(&[("MODELS__SPEECH", model.path().to_str().unwrap())]).await;
    let file = server.upload("voicemail.wav", std::fs::read(recording("message.wav")).unwrap()).await;
    let broken = server.upload("broken.wav", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0and no sound".to_vec()).await;
    let id = |file: &Value| file["id"].as_str().unwrap().to_owned();
    assert_eq!(server.inspected(&id(&file)).await["lifecycle"]["status"], "active");
    let path = format!("/v1/files/{}", id(&file));
    let known = until("the words", async || {
        let known = server.get(&path).await;
        (stage(&known, "transcribe")["state"] == "done").then_some(known)
    })
    .await;
    assert_eq!(known["metadata"]["extraction"]["status"], "done", "{known}");
    assert!(known["metadata"]["extracted_text"].as_str().unwrap().contains("signed copy"), "{known}");
    let path = format!("/v1/files/{}", id(&broken));
    let known = until("the end of the broken one", async || {
        let known = server.get(&path).await;
        (stage(&known, "transcribe")["state"] == "done").then_some(known)
    })
    .await;
    let read = &known["metadata"]["extraction"];
    assert_eq!((&known["lifecycle"]["status"], &read["status"]), (&json!("active"), &json!("failed")), "{known}");
    assert_eq!(read["reason"], "it holds no sound that can be read");
}

mod long {
    use super::wrong_words;

    #[tokio::test]
    async fn long_a_call_of_a_minute_is_written_down_mostly_right() {
        let (wrong, of) = wrong_words("call").await;
        assert!(wrong * 5 <= of, "{wrong} of {of}");
    }
}
