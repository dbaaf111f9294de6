//! What somebody may do, resolved from his grants: for each permission the parts of the plant, disjoint and in order.
//!
//! Pure: no clock, no lock. Built when something changes, asked on every request.

use crate::{Grant, Permission, Prefix, Reach, Role, Rule, Scope};

/// What somebody may do. Nothing, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// By `permission as usize`; each list disjoint and in the order of the tree. A permission of reach
    /// `Node` has the whole tree or nothing.
    parts: [Box<[Prefix]>; Permission::ALL.len()],
}

impl Access {
    /// What these grants come to. A grant of a role that is not there gives nothing.
    pub(crate) fn of<'a>(grants: &[Grant], role: impl Fn(&str) -> Option<&'a Role>) -> Access {
        let mut lists: [Vec<Prefix>; Permission::ALL.len()] = Default::default();
        for grant in grants {
            let Some(role) = role(&grant.role) else { continue };
            for rule in &role.rules {
                let list = &mut lists[rule.permission as usize];
                match rule.permission.reach() {
                    Reach::Tags => meet(&rule.under, &grant.under, list),
                    Reach::Node => {
                        if unlimited(&rule.under) && unlimited(&grant.under) {
                            list.push(Prefix::ALL);
                        }
                    }
                    Reach::Everybody | Reach::Known => {}
                }
            }
        }
        Access { parts: lists.map(|list| tidy(list).into_boxed_slice()) }
    }

    /// Everything there is.
    pub(crate) fn everything() -> Access {
        let everything = || vec![Prefix::ALL].into_boxed_slice();
        Access { parts: std::array::from_fn(|_| everything()) }
    }

    /// The same without what is about people and proof. Nobody gets at those without saying who he is, whatever role
    /// the plant file gives him: else whoever may change the plant folder would get at them too, as nobody.
    pub(crate) fn of_nobody(mut self) -> Access {
        for &permission in Permission::ALL {
            let is_about_plant = match permission {
                Permission::Public
                | Permission::OwnAccount
                | Permission::ReadPlant
                | Permission::WritePlant
                | Permission::Annotate
                | Permission::ReadNode
                | Permission::OperateNode
                | Permission::ReadConfig
                | Permission::ChangeConfig => true,
                Permission::ReadAccounts
                | Permission::ChangeAccounts
                | Permission::ChangeCertificates
                | Permission::ReadAudit
                | Permission::ExportAudit
                | Permission::Sign => false,
            };
            if !is_about_plant {
                self.parts[permission as usize] = Box::default();
            }
        }
        self
    }

    /// The parts of the plant on which this is allowed.
    pub(crate) fn parts(&self, permission: Permission) -> &[Prefix] {
        &self.parts[permission as usize]
    }

    /// The parts of `under` on which this is allowed.
    pub(crate) fn parts_under(&self, permission: Permission, under: &str) -> Vec<Prefix> {
        let parts = self.parts(permission);
        let under = Prefix::new(under);
        if covering(parts, under.as_str()).is_some() {
            return vec![under];
        }
        parts.iter().filter(|part| under.covers(part.as_str())).cloned().collect()
    }

    /// Whether this is allowed on all of the scope. Allocates nothing.
    pub(crate) fn covers(&self, permission: Permission, scope: &Scope<'_>) -> bool {
        let parts = self.parts(permission);
        match *scope {
            Scope::Somewhere | Scope::Tags([]) => !parts.is_empty(),
            Scope::Node => parts.first().is_some_and(Prefix::is_all),
            Scope::Under(path) => covering(parts, path).is_some(),
            Scope::Tags(tags) => tags.iter().all(|tag| covering(parts, tag.as_str()).is_some()),
            Scope::Filter(filter) => covers_filter(parts, filter),
        }
    }

    /// What `other` has and this has not: the first such part.
    pub(crate) fn missing(&self, other: &Access) -> Option<(Permission, Prefix)> {
        Permission::ALL.iter().find_map(|&permission| {
            let own = self.parts(permission);
            let lacking = |part: &&Prefix| covering(own, part.as_str()).is_none();
            other.parts(permission).iter().find(lacking).map(|part| (permission, part.clone()))
        })
    }

    /// As rules, without those that allow nothing.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        let rule =
            |&permission: &Permission| Rule { permission, under: self.parts(permission).to_vec() };
        Permission::ALL.iter().map(rule).filter(|rule| !rule.under.is_empty()).collect()
    }
}

/// Whether a list as people write it names the whole plant; none named is the whole plant too.
pub(crate) fn unlimited(under: &[Prefix]) -> bool {
    under.is_empty() || under.iter().any(Prefix::is_all)
}

/// A list as people write it, disjoint and in order; never empty.
pub(crate) fn written(under: &[Prefix]) -> Vec<Prefix> {
    if unlimited(under) { vec![Prefix::ALL] } else { tidy(under.to_vec()) }
}

/// Adds what both lists cover.
fn meet(rule: &[Prefix], grant: &[Prefix], into: &mut Vec<Prefix>) {
    for a in &written(rule) {
        for b in &written(grant) {
            if a.covers(b.as_str()) {
                into.push(b.clone());
            } else if b.covers(a.as_str()) {
                into.push(a.clone());
            }
        }
    }
}

/// In the order of the tree, without what another part covers.
pub(crate) fn tidy(mut parts: Vec<Prefix>) -> Vec<Prefix> {
    parts.sort();
    parts.dedup_by(|later, kept| kept.covers(later.as_str()));
    parts
}

/// The part that covers a path.
///
/// In the order of the tree everything between a path and its ancestor lies below that ancestor. So of disjoint
/// parts only the last one that is not behind the path can cover it.
pub(crate) fn covering<'a>(parts: &'a [Prefix], path: &str) -> Option<&'a Prefix> {
    let path = path.trim_matches('/');
    let behind = parts.partition_point(|part| part.cmp_path(path).is_le());
    parts[..behind].last().filter(|part| part.covers(path))
}

/// Whether everything a filter can match lies in the parts.
///
/// What a wildcard matches has no end, so no list of parts below it covers it: only a part that covers the path in
/// front of the first wildcard does. Topics that are no tag paths (an empty segment, `$…`) and filters that MQTT
/// does not know are for those who have the whole plant.
fn covers_filter(parts: &[Prefix], filter: &str) -> bool {
    if parts.first().is_some_and(Prefix::is_all) {
        return true;
    }
    let mut head = 0; // bytes in front of the first wildcard
    let mut wild = false;
    let mut ended = false;
    let mut at = 0;
    for segment in filter.split('/') {
        if ended || segment.is_empty() || segment.starts_with('$') {
            return false;
        }
        match segment {
            "#" => (wild, ended) = (true, true),
            "+" => wild = true,
            _ if segment.contains(['+', '#']) => return false,
            _ if !wild => head = at + segment.len(),
            _ => {}
        }
        at += segment.len() + 1;
    }
    covering(parts, &filter[..head]).is_some()
}
