//! Roles: what they allow, and the five that are built in.

use serde::{Deserialize, Serialize};

use crate::{Permission, Prefix, Reach};

/// A permission on a part of the plant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What.
    #[serde(deserialize_with = "crate::permission::in_role")]
    pub permission: Permission,
    /// On which paths, each with everything below it. Not said, or the empty path: the whole plant. Read from text, an
    /// empty list is refused: whoever has taken the last path out did not mean everything.
    #[serde(default, deserialize_with = "crate::permission::paths")]
    pub under: Vec<Prefix>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub role: String,
    /// Whether it is one of the five that cannot be changed.
    pub built_in: bool,
    /// For people to read.
    pub description: String,
    /// What it allows.
    pub rules: Vec<Rule>,
}

impl Role {
    /// The five that every node has.
    #[must_use]
    pub fn built_in() -> [Role; 5] {
        built_in()
    }
}

/// A role as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleChange {
    /// Its name: 1 to 64 of `a-z 0-9 -`.
    pub role: String,
    /// For people to read, at most 500 bytes.
    pub description: String,
    /// What it allows, all of it.
    pub rules: Vec<Rule>,
}

/// The role that has everything; somebody must always have it.
pub(crate) const ADMIN: &str = "admin";

const READ: &[Permission] = &[Permission::ReadPlant, Permission::ReadNode];
const OPERATE: &[Permission] = &[
    Permission::ReadPlant,
    Permission::ReadNode,
    Permission::WritePlant,
    Permission::Annotate,
    Permission::Sign,
];
const ENGINEER: &[Permission] = &[
    Permission::ReadPlant,
    Permission::ReadNode,
    Permission::WritePlant,
    Permission::Annotate,
    Permission::Sign,
    Permission::OperateNode,
    Permission::ReadConfig,
    Permission::ChangeConfig,
];
const AUDIT: &[Permission] = &[
    Permission::ReadPlant,
    Permission::ReadNode,
    Permission::ReadConfig,
    Permission::ReadAccounts,
    Permission::ReadAudit,
    Permission::ExportAudit,
    Permission::Sign,
];

/// The five that every node has.
pub(crate) fn built_in() -> [Role; 5] {
    let role = |role: &str, description: &str, permissions: &[Permission]| Role {
        role: role.to_owned(),
        built_in: true,
        description: description.to_owned(),
        rules: permissions
            .iter()
            .filter(|permission| matches!(permission.reach(), Reach::Tags | Reach::Node))
            .map(|&permission| Rule { permission, under: vec![Prefix::ALL] })
            .collect(),
    };
    [
        role("viewer", "Sees the plant and how its devices do.", READ),
        role("operator", "Sees the plant, writes to its devices, signs records.", OPERATE),
        role("engineer", "An operator who also changes the plant folder.", ENGINEER),
        role("auditor", "Sees everything and its history, changes nothing.", AUDIT),
        role(ADMIN, "May do everything.", Permission::ALL),
    ]
}
