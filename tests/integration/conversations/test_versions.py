"""A database that an earlier version has made and filled."""
from __future__ import annotations

from tests.fakes.heart import heart_over

LATER = {"messages": ("parts_sent",), "handoffs": ("told_at", "contact")}  # columns that came with later versions


def test_a_database_of_an_earlier_version_gets_the_new_columns(heart_url: str) -> None:
    with heart_over(heart_url) as heart:
        heart.says("before", conversation="kept")
        heart.hands_off("kept")
        with heart.engine.begin() as connection:
            for table, columns in LATER.items():
                for column in columns:
                    connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
    with heart_over(heart_url) as heart:
        opened = heart.ledger.open_handoffs()["kept"]
        assert (opened.told_at, opened.contact) == (None, "")
        heart.ownership.hand_back("kept", None)
        heart.bot_says("after", conversation="kept")
        leased = [one for one in heart.deliveries.lease(["telegram"]) if one.message.conversation_id == "kept"]
        assert [one.parts_sent for one in leased] == [0]
        heart.ledger.erase("kept")
