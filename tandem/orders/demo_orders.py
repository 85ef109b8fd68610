"""The orders of the demo shop: invented people, goods and addresses, with dates relative to a moment.

Their numbers are made of a serial number each, in the form that data/shop.yml has.
"""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

from tandem.orders.model import (
    Address,
    Membership,
    Order,
    OrderItem,
    OrderStatus,
    PaymentMethod,
    Refund,
    RefundState,
    ReturnReason,
    ReturnRequest,
)
from tandem.orders.money import Money
from tandem.orders.shipments import Scan, ScanEvent, Shipment, ShipmentState
from tandem.shop.delivery import FAST, DeliveryServiceSettings
from tandem.shop.shop_file import current_numbers, current_shop

_CATALOGUE = {
    "KET-210": ("Enamel kettle, 2 litres, sage", "54.00"),
    "LMP-031": ("Desk lamp with dimmer, brass", "79.50"),
    "RUG-118": ("Wool rug, 120 x 180 cm, oat", "189.00"),
    "MUG-004": ("Stoneware mug, set of four", "36.00"),
    "PAN-026": ("Cast-iron pan, 26 cm", "62.00"),
    "BLK-150": ("Linen blanket, 150 x 200 cm, clay", "98.00"),
    "CHR-072": ("Folding oak chair", "129.00"),
    "TWL-012": ("Bath towel, organic cotton, grey", "24.50"),
    "CLK-009": ("Wall clock, 30 cm, walnut", "68.00"),
    "BAG-057": ("Canvas weekend bag, navy", "84.00"),
    "SPK-033": ("Portable speaker, forest green", "59.90"),
    "PLT-021": ("Self-watering planter, large", "42.00"),
}
_CARRIER = "Northbound Parcel"


class _Days:
    """Points in time around the moment of seeding, by the shop's clock."""

    def __init__(self, now: datetime, zone: tzinfo) -> None:
        self.at = now.astimezone(timezone.utc)  # "two hours ago" counts hours, also in the night the clocks change
        self.today = now.astimezone(zone).date()
        self.zone = zone

    def day(self, offset: int, hour: int = 12, minute: int = 0) -> datetime:
        """Return an hour of the day `offset` days from today."""
        return datetime.combine(self.today + timedelta(days=offset), time(hour, minute), self.zone)

    def this_morning(self, hour: int, minute: int) -> datetime:
        """Return an hour of today, or the present moment while it is earlier than that."""
        return min(self.day(0, hour, minute), self.at - timedelta(minutes=10))


def demo_orders(now: datetime, zone: tzinfo) -> tuple[Order, ...]:
    """Make all orders of the demo shop as they stand at `now`, with days counted in the shop's zone."""
    days = _Days(now, zone)
    return (*_waiting_for_parcels(days), *_before_shipping(days), *_delivered(days), *_money_back(days),
            *_gone_wrong(days), *_around_them(days))


def _waiting_for_parcels(days: _Days) -> tuple[Order, ...]:
    day = days.day
    return (
        _order("10421", "on-time@example.com", _ava(), OrderStatus.SHIPPED, day(-3, 10), ["KET-210"],
               _moving("10421", day(-2, 16), promised=day(1, 15), expected=day(1, 15),
                       scan=Scan(days.this_morning(5, 40), "Oakland, CA", ScanEvent.DEPARTED))),
        _order("10388", "late@example.com", _home("Marcus Reed", "2218 N Clark St", "Chicago", "IL", "60614"),
               OrderStatus.SHIPPED, day(-10, 14), ["RUG-118"],
               replace(_moving("10388", day(-8, 15), promised=day(-4, 20), expected=day(3, 20),
                               scan=Scan(day(-5, 7, 15), "Gary, IN", ScanEvent.HELD)), state=ShipmentState.HELD)),
        _order("10417", "two-orders@example.com", _tess(), OrderStatus.OUT_FOR_DELIVERY, day(-4, 9), ["PAN-026"],
               _out("10417", day(-3, 13), day(0, 20), Scan(days.this_morning(7, 25), "Austin, TX",
                                                                  ScanEvent.OUT_FOR_DELIVERY))),
        _order("10444", "vip@example.com", _home("Grace Okafor", "88 Greenwich St, Apt 12B", "New York", "NY",
                                                    "10001"),
               OrderStatus.OUT_FOR_DELIVERY, day(-1, 11), ["LMP-031", "MUG-004"],
               replace(_out("10444", day(-1, 17), day(0, 18), Scan(days.this_morning(6, 50), "New York, NY",
                                                                 ScanEvent.OUT_FOR_DELIVERY)),
                       service=FAST),
               membership=Membership.GOLD),
        _partly_shipped(days),
    )


def _partly_shipped(days: _Days) -> Order:
    serial, day = "10299", days.day
    first = _arrived(serial, day(-6, 15), day(-2, 13, 20), "Portland, OR", part=1)
    second = Shipment(_parcel(serial, 2), ShipmentState.BACK_ORDERED, ships_by=day(3, 17), promised_by=day(-1, 20),
                      expected_by=day(6, 20))
    order = _order(serial, "partial@example.com", _home("Joel Marsh", "1405 SW Park Ave", "Portland", "OR", "97201"),
                   OrderStatus.PARTLY_SHIPPED, day(-8, 18), ["CLK-009", "CHR-072"], first)
    return replace(order, items=(order.items[0], replace(order.items[1], shipment_id=second.id)),
                   shipments=(first, second))


def _before_shipping(days: _Days) -> tuple[Order, ...]:
    day = days.day
    return (
        _order("10402", "two-orders@example.com", _tess(), OrderStatus.PROCESSING, day(-1, 19), ["BLK-150"],
               _planned("10402", ships_by=day(2, 17), expected=day(6, 20))),
        _order("10433", "new@example.com", _home("Noah Lindqvist", "512 Pine St, Unit 4", "Seattle", "WA", "98101"),
               OrderStatus.PROCESSING, days.at - timedelta(hours=2), ["BAG-057"],
               _planned("10433", ships_by=day(1, 17), expected=day(5, 20))),
        replace(
            _order("10410", "payment@example.com", _home("Dana Whitlock", "740 Spruce St", "Philadelphia", "PA",
                                                            "19019"),
                   OrderStatus.PAYMENT_FAILED, day(-1, 16), ["LMP-031"],
                   Shipment(_parcel("10410"), ShipmentState.PENDING)),
            payment_due_by=days.at + timedelta(days=2)),
    )


def _delivered(days: _Days) -> tuple[Order, ...]:
    day = days.day
    return (
        _order("10300", "delivered@example.com", _home("Priya Nair", "199 Peachtree St NE", "Atlanta", "GA",
                                                          "30301"),
               OrderStatus.DELIVERED, day(-10, 12), ["MUG-004", "TWL-012"],
               _arrived("10300", day(-9, 15), day(-5, 14, 5), "Atlanta, GA")),
        _order("10190", "old@example.com", _home("Walter Finch", "31 Tremont St", "Boston", "MA", "02108"),
               OrderStatus.DELIVERED, day(-66, 9), ["CHR-072"],
               _arrived("10190", day(-65, 15), day(-61, 11, 30), "Boston, MA")),
    )


def _money_back(days: _Days) -> tuple[Order, ...]:
    day = days.day
    returned = _order("10350", "refund@example.com", _home("Elena Duarte", "60 NE 2nd Ave", "Miami", "FL", "33101"),
                      OrderStatus.RETURNED, day(-24, 15), ["SPK-033"],
                      _arrived("10350", day(-23, 15), day(-19, 12), "Miami, FL"))
    inspected = _order("10360", "refund-pending@example.com", _home("Sam Ortega", "1900 Main St", "Dallas", "TX",
                                                                       "75201"),
                       OrderStatus.RETURNED, day(-20, 13), ["BLK-150"],
                       _arrived("10360", day(-19, 15), day(-15, 16), "Dallas, TX"))
    cancelled = _order("10377", "cancelled@example.com", _home("Ruth Calder", "1550 Blake St", "Denver", "CO",
                                                                  "80202"),
                       OrderStatus.CANCELLED, day(-4, 20), ["PLT-021"],
                       Shipment(_parcel("10377"), ShipmentState.CANCELLED))
    return (
        _sent_back(returned, ReturnReason.CHANGED_MIND, announced=day(-12, 10), received=day(-4, 11),
                   refund_issued=day(-2, 15)),
        _sent_back(inspected, ReturnReason.NOT_AS_DESCRIBED, announced=day(-8, 9), received=day(-1, 14)),
        replace(cancelled, cancelled_at=day(-3, 9, 30),
                refund=Refund(cancelled.total, RefundState.ISSUED, PaymentMethod.CARD, day(-3, 9, 30), day(-3, 9, 30))),
    )


def _gone_wrong(days: _Days) -> tuple[Order, ...]:
    day = days.day
    lost = _moving("10405", day(-12, 15), promised=day(-8, 20), expected=None,
                   scan=Scan(day(-10, 3, 50), "Tucson, AZ", ScanEvent.ARRIVED))
    return (
        _order("10405", "lost@example.com", _home("Hana Yoshida", "302 W Adams St", "Phoenix", "AZ", "85001"),
               OrderStatus.LOST, day(-13, 11), ["CLK-009"],
               replace(lost, state=ShipmentState.LOST, investigation_since=day(-6, 10))),
    )


def _around_them(days: _Days) -> tuple[Order, ...]:
    day = days.day
    return (
        _order("10210", "on-time@example.com", _ava(), OrderStatus.DELIVERED, day(-52, 17), ["PLT-021", "PAN-026"],
               _arrived("10210", day(-51, 15), day(-48, 15), "San Francisco, CA")),
        _order("10325", "two-orders@example.com", _tess(), OrderStatus.DELIVERED, day(-18, 8), ["TWL-012"],
               _arrived("10325", day(-17, 15), day(-14, 10), "Austin, TX")),
        _order("10395", "iris@example.com", _home("Iris Bellamy", "9 Exchange St", "Portland", "ME", "04101"),
               OrderStatus.DELIVERED, day(-9, 21), ["BAG-057", "MUG-004"],
               _arrived("10395", day(-8, 15), day(-3, 17), "Portland, ME"), membership=Membership.SILVER),
        _order("10429", "omar@example.com", _home("Omar Haddad", "410 Broadway", "Nashville", "TN", "37201"),
               OrderStatus.SHIPPED, day(-2, 13), ["SPK-033"],
               _moving("10429", day(-1, 16), promised=day(3, 20), expected=day(2, 20),
                       scan=Scan(day(-1, 22, 10), "Louisville, KY", ScanEvent.ARRIVED))),
        _order("10436", "lucia@example.com", _home("Lucia Ferrante", "77 Canal St", "New Orleans", "LA", "70112"),
               OrderStatus.PROCESSING, days.at - timedelta(hours=5), ["LMP-031", "RUG-118"],
               replace(_planned("10436", ships_by=day(1, 12), expected=day(2, 20)),
                       service=FAST)),
    )


def _home(name: str, street: str, city: str, region: str, postcode: str) -> Address:
    return Address(name, street, city, postcode, region)


def _ava() -> Address:
    return _home("Ava Sandoval", "645 Harrison St", "San Francisco", "CA", "94107")


def _tess() -> Address:
    return _home("Tess Holloway", "1100 Congress Ave", "Austin", "TX", "73301")


def _order(serial: str, email: str, home: Address, status: OrderStatus, placed_at: datetime, skus: list[str],
           shipment: Shipment, membership: Membership = Membership.STANDARD) -> Order:
    items = tuple(OrderItem(sku, _CATALOGUE[sku][0], 1, Money(Decimal(_CATALOGUE[sku][1])), shipment.id)
                  for sku in skus)
    goods = sum((item.price for item in items[1:]), items[0].price)
    service = current_shop().delivery.service(shipment.service) or DeliveryServiceSettings()
    free = service.free_from is not None and goods.amount >= service.free_from
    total = goods if free or membership is Membership.GOLD else goods + Money(service.price)
    number = current_numbers().number(serial)
    return Order(number, email, home.name, status, placed_at, items, total, home, (shipment,), membership)


def _parcel(serial: str, part: int = 1) -> str:
    return f"{current_numbers().number(serial)}-{part}"


def _moving(serial: str, shipped: datetime, promised: datetime, expected: datetime | None, scan: Scan,
            part: int = 1) -> Shipment:
    tracking = f"NB{serial}{part:02d}US"
    return Shipment(_parcel(serial, part), ShipmentState.IN_TRANSIT, carrier=_CARRIER, tracking_number=tracking,
                    tracking_url=f"https://track.example.com/{tracking}", shipped_at=shipped, promised_by=promised,
                    expected_by=expected, last_scan=scan)


def _out(serial: str, shipped: datetime, expected: datetime, scan: Scan) -> Shipment:
    return replace(_moving(serial, shipped, expected, expected, scan), state=ShipmentState.OUT_FOR_DELIVERY)


def _arrived(serial: str, shipped: datetime, delivered: datetime, place: str, part: int = 1) -> Shipment:
    promised = delivered.replace(hour=20, minute=0)
    scan = Scan(delivered, place, ScanEvent.DELIVERED)
    return replace(_moving(serial, shipped, promised, promised, scan, part), state=ShipmentState.DELIVERED,
                   delivered_at=delivered)


def _planned(serial: str, ships_by: datetime, expected: datetime) -> Shipment:
    return Shipment(_parcel(serial), ShipmentState.PENDING, ships_by=ships_by, promised_by=expected,
                    expected_by=expected)


def _sent_back(order: Order, reason: ReturnReason, announced: datetime, received: datetime,
               refund_issued: datetime | None = None) -> Order:
    goods = order.items[0].price
    assert order.delivered_at is not None
    request = ReturnRequest(f"R-{order.number}", order.number, (order.items[0].sku,), reason, announced,
                            order.delivered_at + timedelta(days=current_shop().returns.days), received_at=received)
    state = RefundState.ISSUED if refund_issued else RefundState.PENDING_INSPECTION
    refund = Refund(goods, state, order.payment_method, announced, refund_issued)
    return replace(order, return_request=request, refund=refund)
