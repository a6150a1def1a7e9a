//! What axe-core finds on a page against WCAG 2.2 AA, and whether a page fits its screen.

use std::sync::LazyLock;

use serde_json::Value;

use super::beside;
use super::webdriver::Browser;

/// The engine, as `./test` installs it.
static ENGINE: LazyLock<String> = LazyLock::new(|| {
    let path = beside("SATCHEL_AXE");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
});

const RUN: &str = "
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return axe.run(document, { runOnly: { type: 'tag', values: tags } }).then((found) => ({
        passed: found.passes.length,
        violations: found.violations.map((rule) => rule.id + ' at ' + rule.nodes.map((node) => node.target + ': ' + node.failureSummary).join(', ')),
    }))";
const FITS: &str = "return document.documentElement.scrollWidth <= innerWidth";
/// A phone and a desk, in CSS pixels.
const SCREENS: [(u32, u32); 2] = [(390, 844), (1280, 800)];

impl Browser {
    /// Fails the test where the page that is shown is not accessible, or is wider than the screen: on a phone and at a
    /// desk, in light and in dark.
    pub async fn expect_accessible(&self, state: &str) {
        for (width, height) in SCREENS {
            for colours in ["light", "dark"] {
                self.screen(width, height).await;
                self.colours(colours).await;
                let place = format!("{state}, {width} pixels wide, {colours}");
                assert_eq!(self.script(FITS).await, true, "{place}");
                let found = self.script(&format!("{}\n{RUN}", *ENGINE)).await;
                assert_eq!(found["violations"], Value::Array(Vec::new()), "{place}");
                assert!(found["passed"].as_u64().is_some_and(|rules| rules > 10), "{place}: {found}");
            }
        }
    }
}
