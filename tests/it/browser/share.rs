//! The recipient's page in a real browser, of the size of a phone.

use serde_json::json;

use crate::support::{Browser, Tenant, World, until};

pub const NAME: &str = "Q2 Umsätze.txt";
pub const BYTES: &[u8] = "Umsätze: 42\n".as_bytes();
/// The width of the screen, whether nothing is wider, and whether the input is seen without scrolling.
const FITS: &str = "
    const input = document.querySelector('input').getBoundingClientRect();
    return [innerWidth, document.documentElement.scrollWidth <= innerWidth, input.top >= 0 && input.bottom <= innerHeight]";

/// A shared file, and the browser of who was told its code.
pub struct Recipient {
    // First: the browser goes before the server it is on.
    pub browser: Browser,
    pub world: World,
    pub tenant: Tenant,
    pub file: String,
    pub link: String,
    pub code: String,
}

impl Recipient {
    /// Somebody shares a file by voice, and says yes; the answer has link and code.
    pub async fn told() -> Self {
        let world = World::start().await;
        let tenant = world.tenant("Acme").await;
        let user = world.user(&tenant, "Amira Haddad", "member").await;
        world.person(&tenant, &json!({"kind": "contact", "name": "Jonas Weber", "email": "jonas@example.com"})).await;
        let call = world.call(&tenant, &user).await;
        let file = world.file(&call.token, "name=Q2%20Ums%C3%A4tze.txt&title=Quarterly%20Report", BYTES).await;
        let wanted = json!({"file": "the quarterly report", "with": "Jonas Weber"});
        let asked = world.post("/v1/tools/share_file", &call.token, &wanted).await.expect(200);
        assert_eq!(asked.text("/outcome"), "confirm", "{asked:?}");
        world.clock.advance_seconds(30);
        world.post(&format!("/v1/calls/{}/heard", call.id), &tenant.key, &json!({"text": "yes"})).await;
        let shared = world.post("/v1/tools/confirm_action", &call.token, &json!({"answer": "yes"})).await.expect(200);
        assert_eq!(shared.text("/outcome"), "done", "{shared:?}");
        let browser = Browser::start(&world.client).await;
        browser.screen(390, 844).await;
        let (link, code) = (shared.text("/data/link/url"), shared.text("/data/code/digits"));
        Self { browser, world, tenant, file, link, code }
    }

    /// Another code than the right one.
    pub fn wrong(&self) -> String {
        self.code.chars().map(|digit| if digit == '9' { '0' } else { char::from(u8::try_from(digit).unwrap() + 1) }).collect()
    }

    /// Types a code where the page put the cursor, and presses the button.
    pub async fn enter(&self, code: &str) {
        self.browser.active().await.enter(code).await;
        self.browser.find("button").await.expect("a button").click().await;
    }

    /// Enters a code that leads to another page, and waits until that has come.
    pub async fn enter_in_vain(&self, code: &str) {
        self.browser.script("window.before = true").await;
        self.enter(code).await;
        let has_come = "return !window.before && document.readyState === 'complete'";
        until("the next page", async || (self.browser.script(has_come).await == true).then_some(())).await;
    }

    async fn recorded(&self, outcome: &str) -> usize {
        let records = self.world.audit(&self.tenant).await;
        records.iter().filter(|(action, how)| action == "open_link" && how == outcome).count()
    }
}

#[tokio::test]
async fn a_recipient_mistypes_the_code_and_then_gets_the_file() {
    let told = Recipient::told().await;
    let (browser, code) = (&told.browser, &told.code);
    browser.open(&told.link).await;
    assert_eq!(browser.console().await, [""; 0]);
    let input = browser.find("input").await.expect("an input");
    assert_eq!((input.role().await.as_str(), input.label().await.as_str()), ("textbox", "Your code"));
    assert!(browser.find("[role=alert]").await.is_none());

    told.enter_in_vain(&told.wrong()).await;
    let alert = browser.find("[role=alert]").await.expect("an alert");
    assert!(alert.text().await.starts_with("That code doesn't open this link."));
    let described = browser.active().await.attribute("aria-describedby").await;
    assert!(described.contains(&alert.attribute("id").await), "the cursor is in an input that names the alert: {described}");
    assert_eq!((browser.downloads(), told.recorded("code_wrong").await), (Vec::new(), 1));

    let (first, second) = code.split_at(3);
    told.enter(&format!("{first} {second}")).await;
    assert_eq!(browser.downloaded(NAME).await, BYTES);
    assert_eq!(browser.downloads(), [NAME]);
    assert_eq!((told.recorded("code_right").await, told.recorded("done").await), (1, 1));
    let file = told.world.get(&format!("/v1/files/{}", told.file), &told.tenant.key).await.expect(200);
    assert_eq!(file.text("/lifecycle/last_accessed"), "2026-03-02T09:00:30Z");
}

#[tokio::test]
async fn after_five_wrong_codes_the_right_one_opens_nothing() {
    let told = Recipient::told().await;
    told.browser.open(&told.link).await;
    for _ in 0..5 {
        told.enter_in_vain(&told.wrong()).await;
    }
    // Past the limit of tries in a minute, which is another one.
    told.world.clock.advance_seconds(61);
    told.enter_in_vain(&told.code).await;
    assert!(told.browser.find("[role=alert]").await.is_some());
    assert_eq!((told.browser.downloads(), told.recorded("code_wrong").await, told.recorded("done").await), (Vec::new(), 6, 0));
}

#[tokio::test]
async fn the_page_fits_every_screen_in_both_colours() {
    let told = Recipient::told().await;
    let browser = &told.browser;
    let mut grounds = Vec::new();
    for colours in ["light", "dark"] {
        browser.colours(colours).await;
        for (width, height) in [(390, 844), (320, 568), (844, 390)] {
            browser.screen(width, height).await;
            browser.open(&told.link).await;
            assert_eq!(browser.script(FITS).await, json!([width, true, true]), "{colours}");
            told.world.clock.advance_seconds(61);
            told.enter_in_vain(&told.wrong()).await;
            assert_eq!(browser.script(FITS).await, json!([width, true, true]), "{colours}, with an alert");
        }
        grounds.push(browser.script("return getComputedStyle(document.body).backgroundColor").await);
    }
    assert_ne!(grounds[0], grounds[1]);
}
