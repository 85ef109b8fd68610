"""A shop's own database, older than Tandem: German names, two tables of people, dates without a zone, VAT in cents."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection

from tandem.orders.adapters.sql.config import MappedSqlOptions
from tandem.orders.adapters.sql.mapped import MappedTables
from tandem.orders.config import OrdersSection
from tandem.orders.model import OrderStatus
from tandem.settings import Settings
from tests.contract.engines.harness import ITEMS, ORDERS, TOTAL, TRACKING, EngineShop, behind_tandem

WORDS = {OrderStatus.PROCESSING: "neu", OrderStatus.SHIPPED: "versandt", OrderStatus.DELIVERED: "zugestellt",
         OrderStatus.CANCELLED: "storniert"}
SCHEMA = """
CREATE TABLE kunden (id INTEGER PRIMARY KEY, vorname TEXT, nachname TEXT, mail TEXT, tel TEXT);
CREATE TABLE bestellungen (
    id INTEGER PRIMARY KEY, nummer INTEGER, kunde_id INTEGER, zustand TEXT, angelegt TEXT, summe_cent INTEGER,
    storniert_am TEXT, strasse TEXT, ort TEXT, plz TEXT, land TEXT, region TEXT, empfaenger TEXT,
    versandt_am TEXT, zugestellt_am TEXT, sendungsnummer TEXT);
CREATE TABLE positionen (bestellung_id INTEGER, zeile INTEGER, artikel TEXT, bezeichnung TEXT, menge INTEGER,
    preis_cent INTEGER);
CREATE TABLE erstattungen (bestellung_id INTEGER, betrag_cent INTEGER, am TEXT);
CREATE TABLE vorgaenge (kennung TEXT PRIMARY KEY, bestellung_id INTEGER, art TEXT, angabe TEXT);
CREATE TABLE nachsendungen (bestellung_id INTEGER, artikel TEXT, menge INTEGER);
CREATE TABLE retouren (bestellung_id INTEGER, nummer TEXT, artikel TEXT, grund TEXT, am TEXT);
"""
SECTION = """
url: {url}
zone: Europe/Berlin
currency: EUR
money: minor
statuses: {{neu: processing, bezahlt: processing, versandt: shipped, zugestellt: delivered, storniert: cancelled}}
order:
  from: bestellungen b JOIN kunden k ON k.id = b.kunde_id
  id: b.id
  number: b.nummer
  email: k.mail
  phone: k.tel
  customer_name: [k.vorname, k.nachname]
  status: b.zustand
  placed_at: b.angelegt
  total: b.summe_cent
  cancelled_at: b.storniert_am
  address: {{name: b.empfaenger, street: b.strasse, city: b.ort, postcode: b.plz, region: b.region, country: b.land}}
  parcel: {{tracking_number: b.sendungsnummer, shipped_at: b.versandt_am, delivered_at: b.zugestellt_am}}
  items: {{from: positionen p, order: p.bestellung_id, sort: p.zeile, sku: p.artikel, name: p.bezeichnung,
           quantity: p.menge, unit_price: p.preis_cent}}
  refund: {{from: erstattungen e, order: e.bestellung_id, amount: e.betrag_cent, issued_at: e.am}}
  return: {{from: retouren r, order: r.bestellung_id, id: r.nummer, sku: r.artikel, reason: r.grund, created_at: r.am}}
acts:
  cancel:
    - UPDATE bestellungen SET zustand = 'storniert', storniert_am = :now WHERE id = :id AND zustand = 'neu'
    - INSERT INTO erstattungen SELECT id, summe_cent, :now FROM bestellungen WHERE id = :id
  change_address:
    UPDATE bestellungen SET empfaenger = :name, strasse = :street, ort = :city, plz = :postcode, region = :region,
    land = :country WHERE id = :id AND zustand = 'neu'
  start_return: INSERT INTO retouren VALUES (:id, :return_id, :sku, :reason, :now)
  refund:
    - INSERT INTO vorgaenge VALUES (:key, :id, 'refund', :amount)
    - INSERT INTO erstattungen VALUES (:id, :minor, :now)
  voucher: INSERT INTO vorgaenge VALUES (:key, :id, 'voucher', :code)
  reship:
    - INSERT INTO vorgaenge VALUES (:key, :id, 'reship', '')
    - INSERT INTO nachsendungen VALUES (:id, :sku, :quantity)
  note: INSERT INTO vorgaenge VALUES (:key, :id, 'note', :text)
  done: SELECT kennung FROM vorgaenge WHERE kennung = :key
"""


def fill(url: str) -> None:
    """Make the tables with the orders of the contract."""
    placed = datetime.now().replace(microsecond=0) - timedelta(days=3)
    engine = create_engine(url)
    with engine.begin() as database:
        for statement in SCHEMA.split(";"):
            if statement.strip():
                database.execute(text(statement))
        for key, wanted in enumerate(ORDERS.values(), 1):
            first, _, last = wanted.home.name.partition(" ")
            _insert(database, "kunden", key, first, last, wanted.email.title(), wanted.phone)
            gone = wanted.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
            _insert(
                database, "bestellungen",
                key, int(wanted.number.removeprefix("TD-")), key, WORDS[wanted.status],
                str(placed + timedelta(minutes=key)), int(TOTAL * 100),
                str(placed) if wanted.status is OrderStatus.CANCELLED else None, wanted.home.street, wanted.home.city,
                wanted.home.postcode, wanted.home.country, wanted.home.region, wanted.home.name,
                str(placed) if gone else None, str(placed) if wanted.status is OrderStatus.DELIVERED else None,
                TRACKING if gone else None)
            for line, (sku, name, quantity, price) in enumerate(ITEMS):
                _insert(database, "positionen", key, line, sku, name, quantity, int(price * 100))
    engine.dispose()


def _insert(database: Connection, table: str, *values: object) -> None:
    names = [f"v{index}" for index in range(len(values))]
    database.execute(text(f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in names)})"),
                     dict(zip(names, values)))


def options(url: str) -> MappedSqlOptions:
    """What endpoints.yml says of that database."""
    return OrdersSection("sql", yaml.safe_load(SECTION.format(url=url))).read(MappedSqlOptions)


@contextmanager
def sql_shop(folder: Path, url: str = "") -> Iterator[EngineShop]:
    """The shop in a database; a SQLite file of its own if none is named."""
    url = url or f"sqlite:///{folder / 'laden.db'}"
    fill(url)
    engine = MappedTables(options(url), Settings().shop_timezone)
    with behind_tandem(engine, folder) as system:
        yield EngineShop(system)
