//! A change that waits for a second person, whichever road it comes.

use lineshaft_contract::{Approval, Configuration as _, Proposal, ProposalState};
use serde_json::json;

use super::*;

const FOUR_EYES: &str = "[security]\nfour_eyes = true\n";

impl Bench {
    fn approve(&self, proposal: u64, who: &str) -> Result<Changed, ConfigurationError> {
        self.ask(self.configuration().approve(proposal, "yes".into(), by(who)))
    }

    fn states(&self) -> Vec<String> {
        let proposals: Vec<Proposal> = self.ask(self.configuration().proposals(100)).unwrap();
        let line = |one: &Proposal| format!("{} {} {}", one.id, one.by.who, one.state.word());
        proposals.iter().rev().map(line).collect()
    }
}

fn period(value: &str) -> Change {
    set("devices/line.toml", &["press", "period"], json!(value))
}

/// Proves: P11-29.
#[test]
fn a_change_waits_for_another_person() {
    let bench = Bench::with(FOUR_EYES);
    assert_eq!(bench.configuration().policy().approval, Approval::FourEyes);
    let proposal = proposed(bench.change(period("5s"), "maria"));
    assert_eq!((bench.newest().id, bench.text("devices/line.toml").as_str()), (1, DEVICE));

    let own = bench.approve(proposal, "maria");
    assert!(
        matches!(own, Err(ConfigurationError::Undecided { code: "LS-REV-011", .. })),
        "{own:?}"
    );
    let approved = applied(bench.approve(proposal, "ben"));
    assert_eq!(approved.revision, 2);
    let two = bench.newest();
    assert_eq!((two.by.who.as_str(), two.why.as_str()), ("maria", "because"));
    assert_eq!((two.proposal, two.approved_by.as_deref()), (Some(1), Some("ben")));
    assert_eq!(bench.text("devices/line.toml"), DEVICE.replace("1s", "5s"));
    let again = bench.approve(proposal, "eve");
    assert!(matches!(again, Err(ConfigurationError::Undecided { code: "LS-REV-012", .. })));
    assert!(matches!(bench.approve(7, "eve"), Err(ConfigurationError::Unknown { .. })));
    assert_eq!(bench.states(), ["1 maria approved"]);
}

#[test]
fn a_proposal_can_be_turned_down_and_taken_back() {
    let bench = Bench::with(FOUR_EYES);
    for (proposal, who) in [(1, "ben"), (2, "maria")] {
        assert_eq!(proposed(bench.change(period("5s"), "maria")), proposal);
        let rejected = bench.configuration().reject(proposal, "no".into(), by(who));
        let rejected = bench.ask(rejected).unwrap();
        let ProposalState::Rejected { by, why, .. } = rejected.state else { panic!("rejected") };
        assert_eq!((by.who.as_str(), why.as_str()), (who, "no"));
        let late = bench.approve(proposal, "eve");
        assert!(matches!(late, Err(ConfigurationError::Undecided { .. })));
    }
    assert_eq!(bench.newest().id, 1);
}

#[test]
fn two_proposals_of_different_files_do_not_undo_each_other() {
    let bench = Bench::with(FOUR_EYES);
    let node = bench.text("lineshaft.toml");
    let one = proposed(bench.change(period("5s"), "maria"));
    let two = proposed(bench.change(set("lineshaft.toml", &["node", "name"], json!("m")), "maria"));
    let three = proposed(bench.change(period("6s"), "eve"));
    applied(bench.approve(one, "ben"));
    applied(bench.approve(two, "ben"));
    assert_eq!(bench.text("devices/line.toml"), DEVICE.replace("1s", "5s"));
    assert_eq!(bench.text("lineshaft.toml"), node.replace("\"n\"", "\"m\""));
    let moved = ConfigurationError::Moved { what: "devices/line.toml".into() };
    assert_eq!(bench.approve(three, "ben"), Err(moved));
}

#[test]
fn going_back_waits_too_and_the_rule_itself_is_a_change() {
    let bench = Bench::with(FOUR_EYES);
    applied(bench.approve(proposed(bench.change(period("5s"), "maria")), "ben"));
    let back = bench.ask(bench.configuration().roll_back(1, "back".into(), by("maria")));
    applied(bench.approve(proposed(back), "ben"));
    assert_eq!((bench.newest().id, bench.newest().rolled_back_to), (3, Some(1)));

    let off = set("lineshaft.toml", &["security", "four_eyes"], json!(false));
    let off = proposed(bench.change(off, "maria"));
    proposed(bench.change(period("7s"), "maria"));
    applied(bench.approve(off, "ben"));
    applied(bench.change(period("8s"), "maria"));
}

#[test]
fn what_is_edited_on_disk_waits_as_well() {
    let bench = Bench::with(FOUR_EYES);
    bench.put("devices/line.toml", &DEVICE.replace("[press]", "[mill]"));
    bench.look();
    bench.look();
    assert!(bench.stand.0.lock().ran.is_empty());
    let why = bench.stand.0.lock().refused.clone().unwrap();
    assert!(why.contains("LS-REV-018") && why.contains("proposal 1"), "{why}");
    // Another state takes the place of the first.
    bench.put("devices/line.toml", &DEVICE.replace("[press]", "[oven]"));
    bench.look();
    assert_eq!(bench.states(), ["1 disk rejected", "2 disk open"]);
    applied(bench.approve(2, "ben"));
    assert_eq!(bench.stand.0.lock().ran, [(2, "oven".to_owned())]);
    bench.look();
    assert_eq!(bench.stand.0.lock().refused, None);
    assert_eq!(
        bench.acts(),
        [
            "disk plant.change revision 1 Done",
            "disk plant.propose proposal 1 Done",
            "disk plant.reject proposal 1 Done",
            "disk plant.propose proposal 2 Done",
        ]
    );
}

#[test]
fn what_was_turned_down_on_disk_is_not_proposed_again() {
    let bench = Bench::with(FOUR_EYES);
    let mill = DEVICE.replace("[press]", "[mill]");
    bench.put("devices/line.toml", &mill);
    bench.look();
    bench.ask(bench.configuration().reject(1, "no".into(), by("ben"))).unwrap();
    bench.look();
    assert_eq!(bench.states(), ["1 disk rejected"]);
    assert!(bench.stand.0.lock().refused.clone().unwrap().contains("ben turned down"));
    assert_eq!(bench.text("devices/line.toml"), mill, "nobody's edit is overwritten");
    // Taken back on disk, what runs and what is there are one again.
    bench.put("devices/line.toml", DEVICE);
    bench.look();
    assert_eq!(bench.stand.0.lock().refused, None);
}

#[test]
fn a_proposal_of_what_is_on_disk_is_gone_when_the_disk_is() {
    let bench = Bench::with(FOUR_EYES);
    bench.put("devices/line.toml", &DEVICE.replace("[press]", "[mill]"));
    bench.look();
    bench.put("devices/line.toml", DEVICE);
    bench.look();
    assert_eq!(bench.states(), ["1 disk rejected"]);
    assert_eq!(bench.stand.0.lock().refused, None);
}

/// Whoever can edit the folder and restart the node would otherwise be both pairs of eyes.
/// Proves: P11-29.
#[test]
fn a_restart_is_no_second_person() {
    let mut bench = Bench::with(FOUR_EYES);
    bench.put("lineshaft.toml", NODE);
    bench.put("devices/line.toml", &DEVICE.replace("[press]", "[mill]"));
    assert_eq!(bench.start(), "press");
    assert_eq!((bench.newest().id, bench.states()), (1, vec!["1 disk open".to_owned()]));
    assert_eq!(bench.configuration().policy().approval, Approval::FourEyes);
    assert_eq!(bench.start(), "press", "and the next one neither");
    assert_eq!(bench.states(), ["1 disk open"]);
    applied(bench.approve(1, "ben"));
    assert_eq!(bench.stand.0.lock().ran, [(2, "mill".to_owned())]);
    assert_eq!(bench.configuration().policy().approval, Approval::None);
    assert_eq!(bench.start(), "mill");
}
