"""A store in which every write waits, because the test holds what a write needs first."""

import contextlib
import sqlite3

import pymongo


@contextlib.contextmanager
def no_write_goes_on(server):
    """Holds the lock of the SQLite file, or the writer lock on MongoDB. The value is a function that releases it
    earlier."""
    with contextlib.ExitStack() as held:
        if server.store:
            others = held.enter_context(pymongo.MongoClient(server.store))
            session = held.enter_context(others.start_session())
            session.start_transaction()
            meta = others.get_default_database()["meta"]
            assert meta.update_one({"_id": "head"}, {"$set": {"held": True}}, session=session).matched_count == 1
            held.callback(session.abort_transaction)
        else:
            lock = held.enter_context(contextlib.closing(sqlite3.connect(server.data / "integrity.db", isolation_level=None)))
            lock.execute("BEGIN IMMEDIATE")
            held.callback(lock.execute, "ROLLBACK")
        yield held.close
