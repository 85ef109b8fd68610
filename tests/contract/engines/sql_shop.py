"""A shop's own database, older than Tandem: German names, two tables of people, dates without a zone, VAT in cents."""
from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from tandem.orders.adapters.sql.config import MappedSqlOptions
from tandem.orders.adapters.sql.mapped import MappedTables
from tandem.orders.config import OrdersSection
from tandem.orders.model import OrderStatus
from tandem.settings import Settings
from tests.contract.engines.harness import ITEMS, ORDERS, TOTAL, TRACKING, EngineShop, behind_tandem

WORDS = {OrderStatus.PROCESSING: "neu", OrderStatus.SHIPPED: "versandt", OrderStatus.DELIVERED: "zugestellt",
         OrderStatus.CANCELLED: "storniert"}
SCHEMA = """
CREATE TABLE kunden (id INTEGER PRIMARY KEY, vorname TEXT, nachname TEXT, mail TEXT);
CREATE TABLE bestellungen (
    id INTEGER PRIMARY KEY, nummer INTEGER, kunde_id INTEGER, zustand TEXT, angelegt TEXT, summe_cent INTEGER,
    storniert_am TEXT, strasse TEXT, ort TEXT, plz TEXT, land TEXT, region TEXT, empfaenger TEXT,
    versandt_am TEXT, zugestellt_am TEXT, sendungsnummer TEXT);
CREATE TABLE positionen (bestellung_id INTEGER, zeile INTEGER, artikel TEXT, bezeichnung TEXT, menge INTEGER,
    preis_cent INTEGER);
CREATE TABLE erstattungen (bestellung_id INTEGER, betrag_cent INTEGER, am TEXT);
CREATE TABLE retouren (bestellung_id INTEGER, nummer TEXT, artikel TEXT, grund TEXT, am TEXT);
"""
SECTION = """
url: sqlite:///{file}
zone: Europe/Berlin
currency: EUR
money: minor
statuses: {{neu: processing, bezahlt: processing, versandt: shipped, zugestellt: delivered, storniert: cancelled}}
order:
  from: bestellungen b JOIN kunden k ON k.id = b.kunde_id
  id: b.id
  number: b.nummer
  email: k.mail
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
    - UPDATE bestellungen SET zustand = 'storniert', storniert_am = datetime('now') WHERE id = :id AND zustand = 'neu'
    - INSERT INTO erstattungen SELECT id, summe_cent, datetime('now') FROM bestellungen WHERE id = :id
  change_address:
    UPDATE bestellungen SET empfaenger = :name, strasse = :street, ort = :city, plz = :postcode, region = :region,
    land = :country WHERE id = :id AND zustand = 'neu'
  start_return: INSERT INTO retouren VALUES (:id, :return_id, :sku, :reason, datetime('now'))
"""


def fill(file: Path) -> None:
    """Make the database with the orders of the contract."""
    placed = datetime.now().replace(microsecond=0) - timedelta(days=3)
    with sqlite3.connect(file) as database:
        database.executescript(SCHEMA)
        for key, wanted in enumerate(ORDERS.values(), 1):
            first, _, last = wanted.home.name.partition(" ")
            database.execute("INSERT INTO kunden VALUES (?, ?, ?, ?)", (key, first, last, wanted.email.title()))
            gone = wanted.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
            database.execute("INSERT INTO bestellungen VALUES (" + ", ".join("?" * 16) + ")", (
                key, int(wanted.number.removeprefix("TD-")), key, WORDS[wanted.status],
                str(placed + timedelta(minutes=key)), int(TOTAL * 100),
                str(placed) if wanted.status is OrderStatus.CANCELLED else None, wanted.home.street, wanted.home.city,
                wanted.home.postcode, wanted.home.country, wanted.home.region, wanted.home.name,
                str(placed) if gone else None, str(placed) if wanted.status is OrderStatus.DELIVERED else None,
                TRACKING if gone else None))
            for line, (sku, name, quantity, price) in enumerate(ITEMS):
                database.execute("INSERT INTO positionen VALUES (?, ?, ?, ?, ?, ?)",
                                 (key, line, sku, name, quantity, int(price * 100)))
    database.close()


def options(file: Path) -> MappedSqlOptions:
    """What endpoints.yml says of that database."""
    return OrdersSection("sql", yaml.safe_load(SECTION.format(file=file))).read(MappedSqlOptions)


@contextmanager
def sql_shop(folder: Path) -> Iterator[EngineShop]:
    """The shop on a file of its own."""
    fill(folder / "laden.db")
    engine = MappedTables(options(folder / "laden.db"), Settings().shop_timezone)
    with behind_tandem(engine, folder) as system:
        yield EngineShop(system)
