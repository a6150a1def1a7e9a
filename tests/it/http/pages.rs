//! The page that opens a shared file with its code.

use reqwest::Method;
use url::form_urlencoded;

use crate::support::{Answer, World};

const CLOSED: &str = "That code doesn&#x27;t open this link";

pub(super) async fn open(world: &World, path: &str, code: &str) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("code", code).finish();
    let request = world.request(Method::POST, path, "").header("content-type", "application/x-www-form-urlencoded").body(form);
    Answer::of(request.send().await.unwrap()).await
}

fn is_closed(answer: &Answer) -> bool {
    answer.body.contains("doesn't open this link") || answer.body.contains(CLOSED)
}

/// Another code than this one.
fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { char::from(u8::try_from(digit).unwrap() + 1) }).collect()
}

#[tokio::test]
async fn the_right_code_leads_to_the_bytes_however_it_is_typed() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"the numbers").await;
    let (first, second) = share.code.split_at(3);
    for typed in [share.code.clone(), format!(" {first} {second} "), format!("{first}-{second}")] {
        let away = open(&world, &share.path, &typed).await.expect(303);
        let bytes = world.client.get(away.header("location")).send().await.unwrap();
        assert_eq!(Answer::of(bytes).await.body, "the numbers");
    }
}

#[tokio::test]
async fn a_page_without_a_code_tells_nothing_of_its_link() {
    let world = World::start().await;
    let tenant = world.tenant("Very Secret Customer").await;
    let share = world.share(&tenant, b"numbers").await;
    let living = world.get(&share.path, "").await.expect(200);
    let unknown = world.get("/s/AAAAAAAAAAAAAAAAAAAAAA", "").await.expect(200);
    assert_eq!(living.comparable(&share.path), unknown.comparable("/s/AAAAAAAAAAAAAAAAAAAAAA"));
    assert!(!living.body.contains("Secret") && !living.body.contains("uarterly"));
    let wrong_code = open(&world, &share.path, &wrong(&share.code)).await.expect(403);
    let no_link = open(&world, "/s/AAAAAAAAAAAAAAAAAAAAAA", "123456").await.expect(403);
    assert_eq!(wrong_code.comparable(&share.path), no_link.comparable("/s/AAAAAAAAAAAAAAAAAAAAAA"));
    assert!(is_closed(&wrong_code));
    // Days later the code, then the link, is over; the page does not change.
    world.clock.advance_seconds(30 * 86_400);
    assert_eq!(world.get(&share.path, "").await.comparable(&share.path), living.comparable(&share.path));
    assert_eq!(open(&world, &share.path, &share.code).await.comparable(&share.path), wrong_code.comparable(&share.path));
}

#[tokio::test]
async fn five_wrong_codes_burn_the_code() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"numbers").await;
    for _ in 0..5 {
        open(&world, &share.path, &wrong(&share.code)).await.expect(403);
    }
    world.clock.advance_seconds(61);
    let answer = open(&world, &share.path, &share.code).await.expect(403);
    assert!(is_closed(&answer));
    let wrong_tries = world.audit(&tenant).await.iter().filter(|(_, outcome)| outcome == "code_wrong").count();
    assert_eq!(wrong_tries, 6);
}

#[tokio::test]
async fn an_empty_or_absurd_code_uses_up_no_try() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"numbers").await;
    let long = "1".repeat(5000);
    for typed in ["", "  ", &long] {
        assert!(is_closed(&open(&world, &share.path, typed).await.expect(403)));
    }
    let no_form = world.request(Method::POST, &share.path, "").body("{}").header("content-type", "application/json");
    assert!(is_closed(&Answer::of(no_form.send().await.unwrap()).await.expect(403)));
    open(&world, &share.path, &share.code).await.expect(303);
}

#[tokio::test]
async fn ten_tries_a_minute_and_not_one_more() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"numbers").await;
    for try_number in 0..10 {
        open(&world, &format!("/s/guess{try_number}"), "123456").await.expect(403);
    }
    // Even the right code: the network is over its limit, whether there is such a link or not.
    let limited = open(&world, &share.path, &share.code).await.expect(429);
    let no_link = open(&world, "/s/AAAAAAAAAAAAAAAAAAAAAA", "123456").await.expect(429);
    assert_eq!(limited.comparable(&share.path), no_link.comparable("/s/AAAAAAAAAAAAAAAAAAAAAA"));
    assert!(limited.body.contains("Too many codes were tried"));
    world.clock.advance_seconds(60);
    open(&world, &share.path, &share.code).await.expect(303);
}

#[tokio::test]
async fn a_right_code_for_a_file_that_cannot_be_handed_out_says_so() {
    let world = World::start().await;
    let tenant = world.tenant("Acme").await;
    let share = world.share(&tenant, b"numbers").await;
    world.delete(&format!("/v1/files/{}", share.file), &tenant.key).await.expect(204);
    let answer = open(&world, &share.path, &share.code).await.expect(409);
    assert!(answer.body.contains("Not available right now"), "{answer:?}");
    assert!(answer.headers.get("location").is_none());
}

#[tokio::test]
async fn pages_need_no_script_and_load_nothing() {
    let world = World::start().await;
    for path in ["/", "/s/AAAAAAAAAAAAAAAAAAAAAA"] {
        let page = world.get(path, "").await.expect(200);
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "style-src 'sha256-", "frame-ancestors 'none'", "form-action 'self' http://127.0.0.1:"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("no-referrer", "no-store"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        for unwanted in ["<script", " src=", "@import", "url(", " style="] {
            assert!(!page.body.contains(unwanted), "{path}: {unwanted}");
        }
        assert!(page.body.contains("<html lang=\"en\">"));
    }
    let start = world.get("/", "").await;
    assert!(start.body.contains("/v1/tools") && start.body.contains("/healthz"));
}
