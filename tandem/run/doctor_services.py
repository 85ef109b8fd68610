"""What `tandem doctor` finds when it calls the services that Tandem stands on: databases, Redis, the order system."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
import yaml
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tandem.configuration import ConfigurationError
from tandem.db.engine import open_engine
from tandem.order_updates.mail import Mailer, MailFailed
from tandem.order_updates.webhooks import SOURCES
from tandem.orders.errors import OrderError
from tandem.orders.factory import open_order_system, shipped_tables_url
from tandem.run.databases import databases, own_databases
from tandem.run.diagnosis import Diagnosis
from tandem.run.locks import lock_store
from tandem.settings import Settings, SettingsError, expand
from tandem.shop.shop_file import current_shop

_REDIS_SECONDS = 3.0


def findings(settings: Settings, root: Path) -> Iterator[Diagnosis]:
    """Call each service once."""
    try:
        found = databases(settings)
    except ConfigurationError:
        found = own_databases(settings)  # what is wrong with the orders' is told of the order system
    for setting, url in {database.setting: database.url for database in found}.items():
        yield _database(setting, url)
    yield _orders(settings)
    yield _order_updates(settings)
    yield Diagnosis("workers", f"{settings.workers} of Rasa")
    yield from _locks(root / "endpoints.yml")


def _database(setting: str, url: str) -> Diagnosis:
    subject = f"database of {setting}"
    try:
        engine = open_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE tandem_doctor (id INTEGER)"))
                connection.execute(text("DROP TABLE tandem_doctor"))
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError, ImportError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return Diagnosis(subject, f"cannot be written: {reason}",
                       f"check {setting}, that the server runs, and that this user may create tables there")
    return Diagnosis(subject, "reachable and writable")


def _orders(settings: Settings) -> Diagnosis:
    """Check whether the order system answers; not called where its tables are in a database looked at above."""
    try:
        if shipped_tables_url(settings) is not None:
            return Diagnosis("order system", "the tables in the database")
        system = open_order_system(settings)
        system.check()
    except (OrderError, ConfigurationError, NotImplementedError) as error:
        return Diagnosis("order system", f"does not answer: {error}",
                       "check TANDEM_ORDERS_URL or orders: in endpoints.yml (`tandem orders check` tells more), and "
                       "that the service runs; customers hear that orders cannot be looked "
                       "up just now (docs/order-systems.md)")
    return Diagnosis("order system", "answers")


def _order_updates(settings: Settings) -> Diagnosis:
    """Say what customers are told of their orders without asking, and check the mail server if there is one."""
    told = current_shop().order_updates
    engines = [engine for engine, source in SOURCES.items() if source.secret(settings)]
    state = ", ".join((
        "offered" if told.offer else "not offered", f"not at {told.quiet}" if told.quiet else "at any hour",
        f"a look every {told.look_minutes:g} minutes", f"webhooks of {' and '.join(engines) or 'no engine'}"))
    mailer = Mailer.of(settings)
    if mailer is None:
        return Diagnosis("order updates", f"{state}, no e-mail")
    try:
        mailer.check()
    except MailFailed as error:
        return Diagnosis("order updates", f"{state}; the mail server does not answer: {error}",
                         "check TANDEM_SMTP_URL (docs/order-updates.md): e-mails wait until it answers")
    return Diagnosis("order updates", f"{state}, e-mail from {settings.mail_from}")


def _locks(endpoints: Path) -> Iterator[Diagnosis]:
    try:
        store = lock_store(endpoints)
    except yaml.YAMLError:
        return  # said where endpoints.yml is looked at
    if store.get("type") == "redis":
        yield _redis(store)


def _redis(store: dict[str, Any]) -> Diagnosis:
    """Check whether the Redis that is named as lock store answers; turns go on without it, each a moment later."""
    fix = "start Redis, or remove lock_store from endpoints.yml: nothing needs it (docs/operations.md)"
    try:
        told = {key: expand(value) if isinstance(value, str) else value for key, value in store.items()}
        host, port = str(told.get("url", "localhost")), int(told.get("port", 6379))
        client = redis.Redis(
            host=host, port=port, db=int(told.get("db", 1)), username=told.get("username"),
            password=told.get("password"), ssl=bool(told.get("use_ssl", False)),
            ssl_ca_certs=told.get("ssl_ca_certs"), ssl_certfile=told.get("ssl_certfile"),
            ssl_keyfile=told.get("ssl_keyfile"), socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS,
        )
        client.ping()
    except (redis.RedisError, OSError, SettingsError, ValueError) as error:
        return Diagnosis("Redis", f"does not answer: {error}", fix)
    return Diagnosis("Redis", f"answers at {host}:{port}")
