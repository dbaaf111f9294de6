//! Who is behind the control socket.
//!
//! The kernel says which account of the operating system opened the other end (`SO_PEERCRED`); that cannot be
//! forged. Only the account the node runs as, and root, are let in, whatever the socket's mode bits say.

use std::io;
use std::sync::Arc;

use tokio::net::UnixStream;

/// The accounts that are let in.
#[derive(Debug)]
pub(crate) struct Users {
    own: u32,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stranger {
    /// The kernel does not say who it is.
    #[error("cannot find out who opened the control socket")]
    Nameless(#[from] io::Error),
    /// Another account.
    #[error("the account with the number {0} may not use the control socket")]
    Other(u32),
}

impl Users {
    /// The account this process runs as, and root.
    pub(crate) fn of_this_process() -> Users {
        Users { own: rustix::process::geteuid().as_raw() }
    }

    /// The name of the account behind a connection.
    pub(crate) fn behind(&self, stream: &UnixStream) -> Result<Arc<str>, Stranger> {
        self.name(stream.peer_cred()?.uid())
    }

    fn name(&self, uid: u32) -> Result<Arc<str>, Stranger> {
        if uid != self.own && uid != 0 {
            return Err(Stranger::Other(uid));
        }
        // A few kB, read when somebody opens the socket by hand.
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Ok(name_in(&accounts, uid).unwrap_or_else(|| format!("uid-{uid}")).into())
    }
}

/// The name of an account in the text of `/etc/passwd`: `name:password:uid:…` (passwd(5)).
fn name_in(accounts: &str, uid: u32) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut members = line.split(':');
        let name = members.next()?;
        (members.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_found_by_its_number() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nmaria:x:1000:1000::/home/maria:/bin/sh\n";
        assert_eq!(name_in(accounts, 0).as_deref(), Some("root"));
        assert_eq!(name_in(accounts, 1000).as_deref(), Some("maria"));
        assert_eq!(name_in(accounts, 1001), None);
    }

    #[test]
    fn other_accounts_are_strangers() {
        let users = Users { own: 1000 };
        assert!(users.name(1000).is_ok() && users.name(0).is_ok());
        assert!(matches!(users.name(1001), Err(Stranger::Other(1001))));
    }
}
