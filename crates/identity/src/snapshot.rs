//! Everything a check needs, in memory, as of the newest change. Never changed, only replaced.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;

use crate::access::Access;
use crate::role::built_in;
use crate::state::{AccountRecord, State};
use crate::{AccountKind, Grant, Policy, Role, Standing, UnknownRole};

/// As of the newest change.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) policy: Arc<Policy>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) nothing: Access,
    pub(crate) everything: Access,
    pub(crate) anonymous: Access,
    pub(crate) visitor: Access,
    pub(crate) state: Arc<State>,
    holders: HashMap<u64, Holder>,
    tokens: HashMap<u64, TokenHolder>,
    tokens_by_hash: HashMap<[u8; 32], u64>,
}

/// An account, resolved.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) name: Arc<str>,
    pub(crate) full_name: Arc<str>,
    pub(crate) kind: AccountKind,
    pub(crate) access: Access,
    pub(crate) factor: bool,
    pub(crate) password_set: Timestamp,
    enabled: bool,
    expires: Option<Timestamp>,
    /// From when on the password must be changed.
    password_due: Option<Timestamp>,
    factor_due: bool,
}

/// A token, resolved.
#[derive(Debug)]
pub(crate) struct TokenHolder {
    pub(crate) name: Arc<str>,
    pub(crate) access: Access,
    expires: Timestamp,
    revoked: bool,
}

impl Snapshot {
    pub(crate) fn of(state: Arc<State>, policy: Arc<Policy>) -> Snapshot {
        let mut roles: BTreeMap<String, Role> =
            built_in().into_iter().map(|role| (role.role.clone(), role)).collect();
        for record in state.roles.values() {
            let role = Role {
                role: record.name.clone(),
                built_in: false,
                description: record.description.clone(),
                rules: record.rules.clone(),
            };
            roles.entry(record.name.clone()).or_insert(role);
        }
        let resolve = |grants: &[Grant]| Access::of(grants, |role| roles.get(role));
        let of_role = |role: &Option<String>| {
            role.as_deref().map(|role| resolve(&[Grant::everywhere(role)])).unwrap_or_default()
        };
        let holder = |account: &AccountRecord| Holder {
            name: account.name.as_str().into(),
            full_name: account.full_name.as_str().into(),
            kind: account.kind,
            access: resolve(&account.grants),
            factor: account.factor.is_some(),
            password_set: account.password_set,
            enabled: account.enabled,
            expires: account.expires,
            password_due: password_due(account, &policy),
            factor_due: factor_due(account, &policy),
        };
        Snapshot {
            nothing: Access::default(),
            everything: Access::everything(),
            anonymous: of_role(&policy.anonymous).of_nobody(),
            visitor: of_role(&policy.visitor),
            holders: state.accounts.values().map(|a| (a.id, holder(a))).collect(),
            tokens: state
                .tokens
                .values()
                .map(|token| {
                    let holder = TokenHolder {
                        name: format!("token:{}", token.name).into(),
                        access: resolve(&token.grants),
                        expires: token.expires,
                        revoked: token.revoked,
                    };
                    (token.id, holder)
                })
                .collect(),
            tokens_by_hash: state.tokens.values().map(|token| (token.hash, token.id)).collect(),
            roles,
            policy,
            state,
        }
    }

    /// The roles that the policy names and that are not there.
    pub(crate) fn unknown_roles(&self) -> Vec<UnknownRole> {
        self.policy.unknown_roles(|role| self.roles.contains_key(role))
    }

    /// What grants come to.
    pub(crate) fn resolve(&self, grants: &[Grant]) -> Access {
        Access::of(grants, |role| self.roles.get(role))
    }

    /// An account, whatever its state.
    pub(crate) fn holder(&self, account: u64) -> Option<&Holder> {
        self.holders.get(&account)
    }

    /// An account that can be used.
    pub(crate) fn live_holder(&self, account: u64, clock: &Clock) -> Option<&Holder> {
        self.holders.get(&account).filter(|holder| {
            holder.enabled && holder.expires.is_none_or(|expires| clock.now() < expires)
        })
    }

    /// A token that can be used.
    pub(crate) fn live_token(&self, id: u64, clock: &Clock) -> Option<&TokenHolder> {
        self.tokens.get(&id).filter(|token| !token.revoked && clock.now() < token.expires)
    }

    /// The number of a token that can be used.
    pub(crate) fn token_of(&self, hash: &[u8; 32], clock: &Clock) -> Option<(u64, &TokenHolder)> {
        let id = *self.tokens_by_hash.get(hash)?;
        self.live_token(id, clock).map(|token| (id, token))
    }

    /// The account for which a certificate stands.
    pub(crate) fn certificate(&self, fingerprint: &[u8; 32], clock: &Clock) -> Option<u64> {
        self.state
            .certificates
            .get(fingerprint)
            .filter(|certificate| clock.now() < certificate.expires)
            .map(|certificate| certificate.account)
    }
}

impl Holder {
    /// Live, or what must be done first.
    pub(crate) fn due(&self, clock: &Clock) -> Standing {
        if self.kind == AccountKind::Machine {
            return Standing::Live;
        }
        match self.password_due {
            Some(due) if clock.now() >= due => Standing::PasswordDue,
            _ if self.factor_due => Standing::FactorDue,
            _ => Standing::Live,
        }
    }

    /// Whether the password must be changed before anything else.
    pub(crate) fn is_password_due(&self, clock: &Clock) -> bool {
        self.due(clock) == Standing::PasswordDue
    }
}

fn password_due(account: &AccountRecord, policy: &Policy) -> Option<Timestamp> {
    if account.password_due {
        return Some(Timestamp::MIN);
    }
    policy.password.lifetime.map(|lifetime| account.password_set.saturating_add(lifetime))
}

fn factor_due(account: &AccountRecord, policy: &Policy) -> bool {
    account.factor.is_none()
        && account.grants.iter().any(|grant| policy.second_factor.contains(&grant.role))
}
