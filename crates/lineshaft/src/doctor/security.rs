//! Who may come in, what they left, and the certificates.
//!
//! People and tokens are counted and not named: whoever may see how the node is may not therefore see who has an account.

use std::time::Duration;

use lineshaft_api::is_loopback;
use lineshaft_audit::TrailState;
use lineshaft_identity::{AccountKind, PasswordPolicy, Permission, ReviewLine, TokenLine};
use lineshaft_tls::Severity;

use super::Check;
use super::facts::{Facts, Gate, GateFacts, Look};
use super::finding::{Finding, count, list};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "accounts-open", title: "Accounts, trail and certificates open", examine: open },
    Check { name: "administrator", title: "There is an administrator", examine: administrator },
    Check { name: "second-administrator", title: "There is a second one", examine: second },
    Check { name: "second-factor", title: "Who may much has a second factor", examine: factor },
    Check { name: "anonymous", title: "Everybody says who he is", examine: anonymous },
    Check { name: "insecure-choices", title: "Nothing is insecure by choice", examine: choices },
    Check { name: "roles-known", title: "The roles of the plant file are there", examine: roles },
    Check { name: "passwords", title: "Passwords have to be good", examine: passwords },
    Check { name: "accounts-unused", title: "Accounts are in use", examine: unused },
    Check { name: "tokens-lasting", title: "Tokens end within a year", examine: tokens_lasting },
    Check { name: "tokens-unused", title: "Tokens are in use", examine: tokens_unused },
    Check { name: "tokens-ending", title: "No token ends soon", examine: tokens_ending },
    Check { name: "certificates", title: "Certificates hold", examine: certificates },
    Check { name: "trail-writes", title: "The audit trail is written", examine: trail_writes },
    Check {
        name: "trail-sound",
        title: "The audit trail is what was written",
        examine: trail_sound,
    },
    Check { name: "revisions-sound", title: "The plant's revisions are sound", examine: revisions },
];

const DAY: Duration = Duration::from_secs(86_400);

/// What comes when nobody knows who may come in.
fn with(facts: &Facts, examine: impl FnOnce(&Gate) -> Finding) -> Finding {
    match &facts.gate {
        GateFacts::Open(gate) => examine(gate),
        GateFacts::NotYet => Finding::skipped("nothing is there yet: the first start makes it"),
        GateFacts::Shut(_) => Finding::unknown(
            "the accounts cannot be opened",
            "the first check of this group says why",
            "mend that first",
        ),
    }
}

fn open(facts: &Facts) -> Finding {
    match &facts.gate {
        GateFacts::Open(_) => Finding::ok("they can be read"),
        GateFacts::NotYet => Finding::skipped("nothing is there yet: the first start makes it"),
        GateFacts::Shut(why) => {
            let code = why.split(':').next().filter(|code| code.starts_with("LS-"));
            let text = why.split_once(": ").map_or(why.as_str(), |(_, text)| text);
            let finding = Finding::bad(
                text,
                "a node does not start like this",
                "look up the code; be the account that the node runs as",
            );
            match code {
                Some(code) => finding.code(code),
                None => finding,
            }
        }
    }
}

/// People who can log in and may change accounts everywhere.
fn administrators<'a>(gate: &'a Gate, facts: &'a Facts) -> impl Iterator<Item = &'a ReviewLine> {
    let is_over = |line: &ReviewLine| line.account.expires.is_some_and(|end| end <= facts.now);
    let may = |line: &ReviewLine| {
        line.permissions.iter().any(|rule| rule.permission == Permission::ChangeAccounts)
    };
    gate.review.iter().filter(move |line| {
        line.account.kind == AccountKind::Person
            && line.account.enabled
            && !is_over(line)
            && may(line)
    })
}

fn administrator(facts: &Facts) -> Finding {
    with(facts, |gate| {
        if gate.has_admin {
            return Finding::ok(count(administrators(gate, facts).count(), "administrator"));
        }
        if gate.policy.visitor.is_some() {
            return Finding::skipped("a demo lets in whoever comes");
        }
        let what = "nobody is an administrator: the node was never set up";
        let cause =
            "until then nobody can log in, and whoever has the setup link makes himself one";
        let fix = "use the link that `lineshaft run` prints, or `lineshaft user add NAME --admin`";
        if is_loopback(gate.address.ip()) {
            Finding::warn(what, cause, fix)
        } else {
            Finding::bad(what, cause, fix)
        }
    })
}

fn second(facts: &Facts) -> Finding {
    with(facts, |gate| match administrators(gate, facts).count() {
        0 => Finding::skipped("there is no first one"),
        1 => Finding::warn(
            "there is one administrator",
            "when that person is ill or has lost the password, nobody can change accounts from the page",
            "give a second person the role: People, or `lineshaft user add NAME --admin`",
        ),
        all => Finding::ok(count(all, "administrator")),
    })
}

fn is_mighty(permission: Permission) -> bool {
    matches!(
        permission,
        Permission::ChangeAccounts | Permission::ChangeCertificates | Permission::ChangeConfig
    )
}

fn factor(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let mighty = gate
            .review
            .iter()
            .filter(|line| line.account.kind == AccountKind::Person && line.account.enabled)
            .filter(|line| line.permissions.iter().any(|rule| is_mighty(rule.permission)));
        let without = mighty.filter(|line| !line.account.factor).count();
        if without == 0 {
            return Finding::ok("all of them have one");
        }
        Finding::warn(
            format!("{} without a second factor", count(without, "account")),
            "they may change accounts, certificates or the plant, and a password alone is read over a shoulder",
            "let them set one up (Account), or require it with `[security] second_factor`",
        )
    })
}

fn anonymous(facts: &Facts) -> Finding {
    with(facts, |gate| {
        if let Some(role) = &gate.policy.visitor {
            return Finding::warn(
                format!(
                    "whoever comes from this machine is let in as `visitor` with the role {role}"
                ),
                "this is a demo",
                "use `lineshaft run` for a plant",
            );
        }
        let Some(role) = &gate.policy.anonymous else {
            return Finding::ok("who does not say who he is sees nothing");
        };
        let what = format!("whoever does not say who he is has the role {role}");
        let cause = "what he does is in the audit trail as done by nobody in particular";
        let fix = "take `anonymous` out of `[security]`, and give people accounts";
        if is_loopback(gate.address.ip()) {
            Finding::warn(what, cause, fix)
        } else {
            Finding::bad(what, cause, fix)
        }
    })
}

fn choices(facts: &Facts) -> Finding {
    let words: Vec<String> = match (&facts.gate, &facts.plant.read) {
        (GateFacts::Open(gate), _) => {
            gate.exposure.insecure.iter().map(|choice| choice.word().to_owned()).collect()
        }
        (_, Ok(plant)) if plant.security.insecure.is_empty() => Vec::new(),
        (_, Ok(_)) => vec!["see `[security] insecure`".to_owned()],
        (_, Err(_)) => return Finding::skipped("the plant folder cannot be read"),
    };
    if words.is_empty() {
        return Finding::ok("`[security] insecure` is empty");
    }
    Finding::warn(
        format!("`[security] insecure` has {}", list(&words)),
        "each word there takes a protection away, and stays when nobody needs it any more",
        "take out what nothing needs",
    )
    .code("LS-NOD-008")
}

fn roles(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let unknown: Vec<String> = gate.unknown_roles.iter().map(ToString::to_string).collect();
        if unknown.is_empty() {
            return Finding::ok("all of them");
        }
        Finding::bad(
            list(&unknown),
            "a role that is not there gives and asks for nothing: a second factor is not required, nobody is let in",
            "write it as `lineshaft role list` has it, or make the role",
        )
    })
}

fn passwords(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let (set, usual) = (gate.policy.password, PasswordPolicy::default());
        let what = format!("{} characters and score {} at least", set.length_min, set.score_min);
        if set.length_min >= usual.length_min && set.score_min >= usual.score_min {
            return Finding::ok(what);
        }
        Finding::warn(
            what,
            "shorter ones are guessed within hours by whoever gets a copy of the data folder",
            "set `password_length_min` to 12 and `password_score_min` to 3, or more",
        )
    })
}

fn unused(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let unused = gate.review.iter().filter(|line| line.unused && line.account.enabled).count();
        if unused == 0 {
            return Finding::ok("all of them");
        }
        Finding::warn(
            format!("{} not used for 90 days", count(unused, "account")),
            "an account that nobody uses is one whose misuse nobody notices",
            "disable those that are not needed any more",
        )
    })
}

/// How many of the tokens that work `is_wrong` is true of.
fn tokens(gate: &Gate, facts: &Facts, is_wrong: impl Fn(&TokenLine) -> bool) -> usize {
    let is_live = |token: &&TokenLine| !token.revoked && token.expires > facts.now;
    gate.tokens.iter().filter(is_live).filter(|token| is_wrong(token)).count()
}

fn tokens_lasting(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let long = |token: &TokenLine| {
            token.expires.checked_since(token.created).is_some_and(|life| life > DAY * 400)
        };
        let long = tokens(gate, facts, long);
        if long == 0 {
            return Finding::ok("no token lasts longer");
        }
        Finding::warn(
            format!("{} lasting longer than a year", count(long, "token")),
            "what was copied into a script years ago still opens the door",
            "make a new token that ends within a year, and revoke the old one",
        )
    })
}

fn tokens_unused(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let unused = |token: &TokenLine| {
            let last = token.last_used.unwrap_or(token.created);
            facts.now.checked_since(last).is_some_and(|ago| ago > DAY * 90)
        };
        let unused = tokens(gate, facts, unused);
        if unused == 0 {
            return Finding::ok("all that work are used");
        }
        Finding::warn(
            format!("{} not used for 90 days", count(unused, "token")),
            "a token that nobody uses is one whose misuse nobody notices",
            "revoke it: People, Tokens, or `lineshaft token revoke ID`",
        )
    })
}

fn tokens_ending(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let soon = |token: &TokenLine| {
            token.expires.checked_since(facts.now).is_some_and(|left| left < DAY * 14)
        };
        let soon = tokens(gate, facts, soon);
        if soon == 0 {
            return Finding::ok("none within 14 days");
        }
        Finding::warn(
            format!("{} ending within 14 days", count(soon, "token")),
            "the program that uses it is refused from then on",
            "make a new one and put it into that program",
        )
    })
}

fn certificates(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let worst = gate.certificates.iter().max_by_key(|finding| finding.severity);
        let Some(worst) = worst else { return Finding::ok("there are none to look after") };
        let others = gate.certificates.iter().filter(|one| one.severity != Severity::Ok).count();
        let what = match others {
            0 | 1 => worst.what.clone(),
            _ => format!("{} (and {} more)", worst.what, others - 1),
        };
        let unencrypted =
            "it is not served while the listener speaks no TLS, and clients are checked against it";
        let encrypted = "browsers and programs refuse a certificate that does not hold";
        let cause = if gate.exposure.tls { encrypted } else { unencrypted };
        let finding = match worst.severity {
            Severity::Ok => return Finding::ok(what),
            Severity::Warn => Finding::warn(what, cause, worst.remedy.clone()),
            Severity::Bad => Finding::bad(what, cause, worst.remedy.clone()),
        };
        match worst.code {
            Some(code) => finding.code(code),
            None => finding,
        }
    })
}

fn trail_writes(facts: &Facts) -> Finding {
    with(facts, |gate| {
        let trail = &gate.trail;
        let why = trail.error.as_deref().unwrap_or("it does not say why");
        let cause = "whatever changes anything needs its entry, so nothing can be changed";
        match trail.state {
            TrailState::Full => Finding::bad(
                format!("no room: {why}"),
                cause,
                "make room on the disk of the data folder",
            )
            .code("LS-AUD-006"),
            TrailState::Stopped | TrailState::Closed => {
                let fix = "look at the disk, then start the node again";
                Finding::bad(format!("it stopped: {why}"), cause, fix).code("LS-AUD-007")
            }
            TrailState::Writing if trail.low => Finding::warn(
                "its disk is nearly full",
                "when it is, nothing can be changed any more",
                "make room, or archive old segments",
            ),
            TrailState::Writing => Finding::ok(format!("{} entries", trail.entries)),
        }
    })
}

fn trail_sound(facts: &Facts) -> Finding {
    if let (GateFacts::Open(gate), Look::Right(_) | Look::Running) =
        (&facts.gate, &facts.data.sound.audit)
        && let Some(found) = &gate.trail.recovered
    {
        return Finding::warn(
            format!("the last start found it not as it should be: {found}"),
            "a crash leaves a torn end; anything else was somebody's hand",
            "`lineshaft audit verify`, with a checkpoint that was kept elsewhere",
        );
    }
    super::storage::sound(
        &facts.data.sound.audit,
        "somebody has changed or removed entries, or the disk is broken",
        "keep the data folder as it is, and compare it with copies and checkpoints: `lineshaft audit verify`",
    )
}

fn revisions(facts: &Facts) -> Finding {
    super::storage::sound(
        &facts.data.sound.revisions,
        "somebody has changed a file, or the disk is broken",
        "`lineshaft verify` names it; the plant folder itself is not touched by it",
    )
}
