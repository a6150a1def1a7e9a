//! Every state of the recipient's page: what it says, and that everybody can use it.

use reqwest::Method;

use super::share::Recipient;

impl Recipient {
    /// Gives the shared file a next version.
    async fn replace(&self, bytes: &[u8]) {
        let query = format!("name=next.txt&replaces={}", self.file);
        self.world.put(&self.tenant.key, &query, bytes).await.expect(201);
    }

    /// Enters the right code, and waits for the page that comes.
    async fn expect_page(&self, title: &str) {
        self.browser.open(&self.link).await;
        self.enter_in_vain(&self.code).await;
        assert_eq!(self.browser.find("h1").await.expect("a title").text().await, title);
        self.browser.expect_accessible(title).await;
        assert_eq!(self.browser.downloads(), [""; 0], "{title}");
    }
}

#[tokio::test]
async fn a_page_that_asks_for_a_code_is_accessible_before_and_after_a_wrong_one() {
    let told = Recipient::told().await;
    let browser = &told.browser;
    browser.open(&told.link).await;
    browser.expect_accessible("asking").await;
    let input = browser.find("#code").await.unwrap();
    assert_eq!((input.attribute("autocomplete").await.as_str(), input.attribute("inputmode").await.as_str()), ("one-time-code", "numeric"));
    browser.find(".other a").await.expect("a way to type words").click().await;
    let input = browser.find("#code").await.unwrap();
    assert_eq!(input.attribute("inputmode").await, "text");
    browser.expect_accessible("asking for words").await;
    told.enter_in_vain("amber castle river stone cloud").await;
    assert_eq!(browser.find("#code").await.unwrap().attribute("inputmode").await, "text", "who typed words types words again");
    browser.expect_accessible("after wrong words").await;
    told.enter_in_vain(&told.wrong()).await;
    browser.expect_accessible("after a wrong code").await;
}

#[tokio::test]
async fn what_is_over_looks_as_what_never_was() {
    let told = Recipient::told().await;
    let shown = async || told.browser.script("return document.querySelector('main').innerText").await;
    told.browser.open(&told.link).await;
    told.enter_in_vain(&told.wrong()).await;
    let wrong = shown().await;
    // Days later the code and the link are over.
    told.world.clock.advance_seconds(30 * 86_400);
    told.enter_in_vain(&told.code).await;
    assert_eq!(shown().await, wrong);
    told.browser.open(&format!("{}/s/AAAAAAAAAAAAAAAAAAAAAA", told.world.url)).await;
    told.enter_in_vain(&told.code).await;
    assert_eq!(shown().await, wrong);
}

#[tokio::test]
async fn who_tries_too_often_is_told_to_wait() {
    let told = Recipient::told().await;
    told.browser.open(&told.link).await;
    for _ in 0..11 {
        told.enter_in_vain(&told.wrong()).await;
    }
    let alert = told.browser.find("[role=alert]").await.expect("an alert").text().await;
    assert!(alert.starts_with("Too many codes were tried."), "{alert}");
    told.browser.expect_accessible("too many tries").await;
}

#[tokio::test]
async fn a_file_that_is_being_checked_or_was_locked_away_is_not_handed_out() {
    let told = Recipient::told().await;
    told.replace(b"a next version").await;
    told.expect_page("Not ready yet").await;
    told.world.inspect_all().await;
    told.replace(b"HARMFUL").await;
    told.world.inspect_all().await;
    told.expect_page("This file is locked away").await;
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_available() {
    let told = Recipient::told().await;
    told.world.send(Method::DELETE, &format!("/v1/files/{}", told.file), &told.tenant.key, &serde_json::Value::Null).await.expect(204);
    told.expect_page("Not available right now").await;
}

#[tokio::test]
async fn by_keyboard_alone_a_code_opens_the_file_and_the_page_says_so() {
    let told = Recipient::told().await;
    let browser = &told.browser;
    browser.open(&told.link).await;
    // The cursor is in the field; U+E007 is the key Enter.
    browser.active().await.enter(&format!("{}\u{E007}", told.code)).await;
    assert_eq!(browser.downloaded(super::share::NAME).await, super::share::BYTES);
    let title = browser.find("h1").await.expect("a title").text().await;
    assert_eq!(title, "Your download has started");
    browser.expect_accessible("started").await;
}

#[tokio::test]
async fn without_scripts_a_code_opens_the_file() {
    let told = Recipient::told().await;
    told.browser.scripts(false).await;
    told.browser.open(&told.link).await;
    told.enter(&told.code).await;
    assert_eq!(told.browser.downloaded(super::share::NAME).await, super::share::BYTES);
    assert_eq!(told.browser.find("h1").await.expect("a title").text().await, "Your download has started");
}
