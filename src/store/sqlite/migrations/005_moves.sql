-- Of a move from one store to another (docs/migrate.md): what this one is in it, and where the other store had stopped.
CREATE TABLE moves (
  one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
  role TEXT NOT NULL CHECK (role IN ('source', 'target')),
  move TEXT NOT NULL CHECK (move <> ''),
  other TEXT NOT NULL,
  at INTEGER NOT NULL,
  complete INTEGER NOT NULL CHECK (complete IN (0, 1))
) STRICT;

-- The latest time and place are mostly those of the last change. Only where the other store knew later ones they are here.
CREATE TABLE head (
  one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
  time INTEGER NOT NULL,
  place INTEGER NOT NULL
) STRICT;
