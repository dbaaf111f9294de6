CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  name             TEXT NOT NULL UNIQUE COLLATE NOCASE,
  full_name        TEXT NOT NULL,
  kind             TEXT NOT NULL CHECK (kind IN ('person', 'machine')),
  grants           TEXT NOT NULL,
  enabled          INTEGER NOT NULL,
  created          INTEGER NOT NULL,
  expires          INTEGER,
  sessions_max     INTEGER,
  last_login       INTEGER,
  failures         INTEGER NOT NULL,
  password         TEXT,
  password_set     INTEGER NOT NULL,
  password_due     INTEGER NOT NULL,
  password_history TEXT NOT NULL,
  factor_secret    TEXT,
  factor_step      INTEGER,
  factor_recovery  TEXT
) STRICT;
CREATE TRIGGER accounts_stay BEFORE DELETE ON accounts
BEGIN SELECT RAISE(ABORT, 'accounts are disabled, never deleted'); END;

CREATE TABLE roles (
  name        TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  rules       TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL,
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  grants     TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created    INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  last_used  INTEGER,
  revoked    INTEGER NOT NULL
) STRICT;
CREATE TRIGGER tokens_stay BEFORE DELETE ON tokens
BEGIN SELECT RAISE(ABORT, 'tokens are revoked, never deleted'); END;

CREATE TABLE certificates (
  fingerprint BLOB PRIMARY KEY CHECK (length(fingerprint) = 32),
  account     INTEGER NOT NULL REFERENCES accounts (id),
  subject     TEXT NOT NULL,
  expires     INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  id         TEXT PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  account    INTEGER NOT NULL REFERENCES accounts (id),
  source     TEXT,
  agent      TEXT NOT NULL,
  began      INTEGER NOT NULL,
  active     INTEGER NOT NULL,
  ends       INTEGER NOT NULL,
  locked     INTEGER NOT NULL,
  notices    TEXT NOT NULL,
  last_login INTEGER
) STRICT;

-- `seq` is -1 only inside the transaction that makes the signature.
CREATE TABLE signatures (
  seq       INTEGER PRIMARY KEY,
  kind      TEXT NOT NULL,
  record    TEXT NOT NULL,
  account   INTEGER NOT NULL REFERENCES accounts (id),
  statement TEXT NOT NULL,
  digest    TEXT NOT NULL
) STRICT;
CREATE INDEX signatures_of_record ON signatures (kind, record);
CREATE TRIGGER signatures_stay BEFORE DELETE ON signatures
BEGIN SELECT RAISE(ABORT, 'signatures are never deleted'); END;
CREATE TRIGGER signatures_hold BEFORE UPDATE ON signatures WHEN OLD.seq >= 0
BEGIN SELECT RAISE(ABORT, 'signatures are never changed'); END;
