"""Fill a database of the first release as a shop does in a year: 50,000 conversations, 1,000,000 messages."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sqlalchemy.engine import Connection, Engine

from tandem.db.engine import lift_limits

CONVERSATIONS, MESSAGES_EACH, EVENTS_EACH = 50_000, 20, 6
AGENTS, WAITING, HELD = 20, 60, 60  # open handoffs are those of the latest conversations
YEAR = 365 * 24 * 3600
STEP = YEAR // CONVERSATIONS  # seconds between two conversations
TEXT = "Where is my parcel? It was promised for last week, and nobody has told me anything since."


class Filler:
    """The statements of one dialect."""

    def __init__(self, connection: Connection, end: datetime) -> None:
        self.connection = connection
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.start = (end - timedelta(seconds=YEAR)).strftime("%Y-%m-%d %H:%M:%S")

    def at(self, seconds: str) -> str:
        """The moment so many seconds after the year began."""
        if self.is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S', '{self.start}', '+' || ({seconds}) || ' seconds') || '.000000'"
        return f"timestamptz '{self.start}+00' + ({seconds}) * interval '1 second'"

    def insert(self, table: str, rows: int, each: int = 1, where: str = "", **columns: str) -> None:
        """Insert `each` rows for i from 1 to `rows`; j counts from 1 in each. Columns are SQL over i and j."""
        series = (f"WITH RECURSIVE a(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM a WHERE i < {rows}), "
                  f"b(j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM b WHERE j < {each})" if self.is_sqlite else "")
        source = "a, b" if self.is_sqlite else f"generate_series(1, {rows}) AS i, generate_series(1, {each}) AS j"
        names = ", ".join(f'"{name}"' for name in columns)
        self.connection.exec_driver_sql(
            f"INSERT INTO {table} ({names}) {series} SELECT {', '.join(columns.values())} FROM {source} "
            f"WHERE {where or 'true'}".replace("%", "%" if self.is_sqlite else "%%"))


def fill(engine: Engine) -> None:
    """Fill the tables; the schema is that of revision 0001."""
    end = datetime.now(timezone.utc)
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
    with engine.begin() as connection:
        lift_limits(connection)
        _fill(Filler(connection, end))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("ANALYZE")


def _fill(f: Filler) -> None:
    total, first_open = CONVERSATIONS, CONVERSATIONS - WAITING - HELD + 1
    yes, no = ("1", "0") if f.is_sqlite else ("true", "false")
    began, spoke = f.at(f"i * {STEP}"), f.at(f"i * {STEP} + j * 20")
    ended = f.at(f"i * {STEP} + 400")
    owner = (f"CASE WHEN i > {total - WAITING} THEN 'waiting' WHEN i >= {first_open} THEN 'agent' "
             "WHEN i % 4 = 0 THEN 'resolved' ELSE 'bot' END")
    f.insert("agents", AGENTS, id="'agent' || i", name="'Agent ' || i", role="'agent'", password_hash="'x'", active=yes,
             created_at=began)
    f.insert("conversations", total, id="'c' || i", channel="CASE WHEN i % 2 = 0 THEN 'telegram' ELSE 'webchat' END",
             push=f"CASE WHEN i % 2 = 0 THEN {yes} ELSE {no} END", owner=owner, epoch="i % 3", revision="40",
             next_seq=str(MESSAGES_EACH + 1), created_at=began, updated_at=ended, last_customer_at=ended,
             last_text=f"'{TEXT}'", address="'{}'")
    author = "CASE WHEN j % 2 = 1 THEN 'customer' WHEN i % 3 = 0 AND j > 10 THEN 'agent' ELSE 'bot' END"
    delivery = ("CASE WHEN j % 2 = 1 THEN 'none' WHEN i % 997 = 0 THEN 'failed' WHEN i % 499 = 0 THEN 'doubt' "
                "WHEN i % 2 = 1 AND j > 18 THEN 'waiting' WHEN i % 3 = 0 THEN 'delivered' ELSE 'sent' END")
    f.insert("messages", total, MESSAGES_EACH, conversation_id="'c' || i", seq="j", author=author, kind="'text'",
             name="''", text=f"'{TEXT}'", data="'{}'", at=spoke, epoch="i % 3",
             client_id="CASE WHEN j % 2 = 1 THEN 'm' || j END", turn="CASE WHEN j % 2 = 1 THEN 'done' END",
             turn_tries="1", delivery=delivery, attempts="CASE WHEN i % 499 = 0 THEN 3 ELSE 1 END", attempt_open=no,
             doubt=no)
    f.insert("handoffs", total, where=f"i % 3 = 0 OR i >= {first_open}", id="'h' || i", conversation_id="'c' || i",
             reason="'Asked for a person'", trigger="'intent:ask_for_human'", urgency="0.5",
             channel="CASE WHEN i % 5 = 0 THEN 'tool' ELSE 'desk' END", epoch="i % 3", opened_at=began,
             claimed_by=f"CASE WHEN i <= {total - WAITING} THEN 'agent' || (i % {AGENTS} + 1) END",
             claimed_at=f"CASE WHEN i <= {total - WAITING} THEN {f.at(f'i * {STEP} + 60')} END",
             closed_at=f"CASE WHEN i < {first_open} THEN {ended} END",
             outcome=f"CASE WHEN i < {first_open} THEN 'resolved' END", note_for_bot="''", resume=no, contact="''",
             told_with=f"CASE WHEN i < {first_open} THEN 1 END",
             card="'{\"summary\": \"" + TEXT * 20 + "\"}'")
    f.insert("fenced_replies", 20_000, conversation_id="'c' || i", epoch="0", text=f"'{TEXT}'", at=began)
    f.insert("case_entries", total, 2, conversation_id="'c' || i", kind="'attempt'", at=began,
             data="'{\"action\": \"find\", \"outcome\": \"found\"}'")
    f.insert("relays", total, where="i % 15 = 0", handoff_id="'h' || i", conversation_id="'c' || i", channel="'tool'",
             epoch="i % 3", reference="'{}'", thread="'t' || i", relayed_seq="20",
             state=f"CASE WHEN i < {first_open} THEN 'closed' ELSE 'open' END", calling=no, attempts="0", tried_seq="0",
             next_attempt_at=began)
    f.insert("webhooks", 30_000, channel="'tool'", delivery_id="'d' || i", body="''",
             received_at=f.at(f"{YEAR} - i * 20"), state="'done'", attempts="0", next_attempt_at=began)
    f.insert("agent_events", total, where="i % 3 = 0", channel="'tool'", key="'e' || i", handoff_id="'h' || i",
             conversation_id="'c' || i", act="'say'", agent_id="'a'", agent_name="'A'", text="''", sort_at=began,
             state="'done'", attempts="0", next_attempt_at=began)
    f.insert("audit_log", total, 2, at=began, actor="'agent1'", via="'session'", action="'reply'",
             conversation_id="'c' || i", detail="''")
    f.insert("sign_in_attempts", 20_000, agent_id=f"'agent' || (i % {AGENTS} + 1)", address="'10.0.0.' || (i % 200)",
             at=f.at(f"{YEAR} - i * 100"), succeeded=yes)
    f.insert("desk_sessions", 200, id_hash="'s' || i", agent_id="'agent1'", csrf_token="'t'", created_at=began,
             seen_at=began, expires_at=began)
    f.insert("identification_misses", 20_000, subject="'order:' || i", at=f.at(f"{YEAR} - i"))
    f.insert("identification_refusals", 5_000, subject="'order:' || i", until=f.at(f"{YEAR} + i"))
    f.insert("identification_grants", 20_000, conversation="'c:' || i", order_number="'TD-' || i", granted_at=began,
             expires_at=f.at(f"{YEAR} + i"))
    f.insert("events", total, EVENTS_EACH, sender_id="'c' || i",
             type_name="CASE j WHEN 2 THEN 'session_started' WHEN 4 THEN 'user' WHEN 5 THEN 'bot' ELSE 'action' END",
             timestamp="i + j * 0.1",
             data="CASE j WHEN 1 THEN '{\"event\": \"action\", \"name\": \"action_session_start\", \"timestamp\": 1}' "
                  "WHEN 2 THEN '{\"event\": \"session_started\", \"timestamp\": 2}' "
                  "WHEN 3 THEN '{\"event\": \"action\", \"name\": \"action_listen\", \"timestamp\": 3}' "
                  "WHEN 4 THEN '{\"event\": \"user\", \"text\": \"hello\", \"parse_data\": {}, \"timestamp\": 4}' "
                  "ELSE '{\"event\": \"bot\", \"text\": \"hello\", \"timestamp\": 5}' END")
