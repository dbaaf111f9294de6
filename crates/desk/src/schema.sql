CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

-- `path` is null when it is about `tags`; `until` is `ends`, or `starts` where there is none.
CREATE TABLE annotations (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  path              TEXT,
  tags              TEXT NOT NULL,
  starts            INTEGER NOT NULL,
  ends              INTEGER,
  until             INTEGER NOT NULL,
  text              TEXT NOT NULL,
  author            TEXT NOT NULL,
  author_account    INTEGER,
  made              INTEGER NOT NULL,
  changed           INTEGER,
  withdrawn         INTEGER,
  withdrawn_by      TEXT,
  withdrawn_account INTEGER,
  withdrawn_why     TEXT
) STRICT;
CREATE INDEX annotations_by_start ON annotations (starts, id);
CREATE TRIGGER annotations_stay BEFORE DELETE ON annotations
BEGIN SELECT RAISE(ABORT, 'annotations are withdrawn, never deleted'); END;

CREATE TABLE trends (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  name           TEXT NOT NULL,
  author         TEXT NOT NULL,
  author_account INTEGER,
  shared         INTEGER NOT NULL,
  made           INTEGER NOT NULL,
  changed        INTEGER NOT NULL,
  trend          TEXT NOT NULL
) STRICT;

CREATE TABLE settings (
  account  INTEGER PRIMARY KEY,
  settings TEXT NOT NULL
) STRICT;
