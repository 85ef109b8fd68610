"""What a parcel is: where it stands, by when it comes, where its carrier saw it last."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tandem.shop.delivery import USUAL


class ShipmentState(str, Enum):
    """Where one parcel is."""

    PENDING = "pending"
    BACK_ORDERED = "back_ordered"
    IN_TRANSIT = "in_transit"
    HELD = "held"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    LOST = "lost"
    CANCELLED = "cancelled"


class ScanEvent(str, Enum):
    """What the carrier saw when it last scanned a parcel."""

    LABEL_CREATED = "label_created"
    PICKED_UP = "picked_up"
    ARRIVED = "arrived"
    DEPARTED = "departed"
    HELD = "held"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"


@dataclass(frozen=True)
class Scan:
    """The carrier's last word on a parcel."""

    at: datetime
    place: str
    event: ScanEvent


@dataclass(frozen=True)
class Shipment:
    """One parcel, packed or planned. Carrier and tracking are empty until it is handed over."""

    id: str
    state: ShipmentState
    service: str = USUAL  # a key of the delivery services in data/shop.yml
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    ships_by: datetime | None = None
    shipped_at: datetime | None = None
    promised_by: datetime | None = None  # what the customer was told when ordering
    expected_by: datetime | None = None  # the newest estimate
    delivered_at: datetime | None = None
    last_scan: Scan | None = None
    investigation_since: datetime | None = None  # set while the carrier searches for it

    @property
    def delayed(self) -> bool:
        """Check whether it is not delivered, and expected later than promised."""
        if self.state in (ShipmentState.DELIVERED, ShipmentState.CANCELLED):
            return False
        return bool(self.promised_by and self.expected_by and self.expected_by > self.promised_by)

    @property
    def held_at(self) -> str:
        """Return the place where the carrier holds the parcel; empty when it moves."""
        return self.last_scan.place if self.state is ShipmentState.HELD and self.last_scan else ""
