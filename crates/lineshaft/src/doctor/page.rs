//! The page.

use super::Check;
use super::facts::Facts;
use super::finding::{Finding, count, list};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "page-embedded", title: "The page is in the program", examine: embedded },
    Check { name: "page-whole", title: "No file of the page is missing", examine: whole },
];

fn embedded(facts: &Facts) -> Finding {
    if facts.page.files == 0 {
        return Finding::bad(
            "this program was built without its page",
            "`ui/dist` was empty when it was built",
            "build the page first: `cd ui && npm run build`, then the program",
        );
    }
    Finding::ok(count(facts.page.files, "file"))
}

fn whole(facts: &Facts) -> Finding {
    if facts.page.files == 0 {
        return Finding::skipped("there is no page");
    }
    if facts.page.missing.is_empty() {
        return Finding::ok("every file that index.html names is there");
    }
    Finding::bad(
        format!("missing: {}", list(&facts.page.missing)),
        "the program was built while the page was being built",
        "build the page to its end, then the program again",
    )
}
