"""What data/shop.yml may hold; docs/shop.md explains every key."""
from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from pydantic import Field, root_validator, validator

from tandem.configuration import ConfigModel
from tandem.shop.delivery import DeliverySettings
from tandem.shop.order_number_form import FormError, OrderNumberForm
from tandem.shop.order_numbers import OrderNumbers
from tandem.shop.section import PRICE, Section, price, span
from tandem.shop.spans import Span


class ContactSettings(Section):
    """How people of the shop are reached; empty is: not told."""

    email: str = Field(default="", regex=r"(\S+@\S+\.\S+)?\Z", description="an e-mail address")
    phone: str = ""
    address: str = ""


class OrderNumberSettings(Section):
    """How the shop writes order numbers."""

    forms: tuple[str, ...] = Field(default=("{digits 4-8}",),
                                   description='a list of forms such as ["#{digits 4-6}"], each in quotes')
    example: str = ""
    called: tuple[str, ...] = Field(default=("order",), description="a list of words such as [order, purchase]")

    @validator("forms", each_item=True)
    def _is_form(cls, value: str) -> str:
        try:
            OrderNumberForm.parse(value)
        except FormError as wrong:
            raise ValueError(str(wrong)) from None
        return value

    @validator("example")
    def _fits(cls, value: str, values: dict[str, Any]) -> str:
        forms = list(map(OrderNumberForm.parse, values.get("forms", ())))
        if value and forms and not OrderNumbers(forms).fits(value):
            raise ValueError(f"must be a number of one of the forms, not {value!r}")
        return value


class ReturnSettings(Section):
    """What may be sent back, and until when."""

    days: int = Field(default=30, ge=0, le=3650, description="a number of days; 0 if nothing is taken back")


class RefundSettings(Section):
    """When money comes back, in business days."""

    days: Span = span(5, 7)
    check_days: Span = span(1, 2)


class ChangeSettings(Section):
    """Until when an order may be cancelled, or changed."""

    until: Literal["shipped", "never"] = "shipped"
    within_hours: int = Field(default=0, ge=0, le=8760, description="a number of hours after the order; 0 is no limit")


class WarrantySettings(Section):
    years: Span = span(2, 2, "a number of years")
    repair_weeks: Span = span(2, 3, "a number of weeks, or from and to such as 2-3")


class LoyaltySettings(Section):
    """Points for members."""

    silver_points: int = Field(default=500, ge=0)
    gold_points: int = Field(default=1500, ge=0)
    points: int = Field(default=100, ge=1)
    worth: Decimal = price("1")
    valid_years: Span = span(2, 2, "a number of years")
    credited_days: Span = span(30, 30)


class GiftSettings(Section):
    wrap_price: Decimal = price("3.95")
    card_years: Span = span(3, 3, "a number of years")


class PaymentSettings(Section):
    """How customers pay, and what banks do."""

    methods: tuple[str, ...] = Field(default=("card", "PayPal"), description="a list such as [card, PayPal]")
    transfer_days: Span = span(3, 3)
    reservation_days: Span = span(3, 5)
    price_drop_days: Span = span(14, 14)
    late_code_days: Span = span(14, 14)


class PrivacySettings(Section):
    days: Span = span(30, 30)


class ReviewSettings(Section):
    days: Span = span(2, 2)


Act = Literal["exchange", "reship", "refund", "voucher", "expedite", "note"]
_ACTS: tuple[Act, ...] = ("exchange", "reship", "refund", "voucher", "expedite", "note")


class RoleActSettings(ConfigModel):
    """What a role may do to orders, and what it may give away by it; no amount is no limit."""

    class Config:
        empty_is_default = True

    may: tuple[Act, ...] = Field(default=_ACTS, description=f"a list of {', '.join(_ACTS)}; [] for none")
    per_order: Decimal | None = Field(default=None, ge=0, description=PRICE)
    per_day: Decimal | None = Field(default=None, ge=0, description=PRICE)


class BotActSettings(RoleActSettings):
    """What the bot may do by itself, after a customer's plain yes. Nothing, unless the shop says so."""

    may: tuple[Literal["refund", "voucher"], ...] = Field(
        default=(), description="a list of refund, voucher; [] for none")

    @root_validator(skip_on_failure=True)
    def _has_limits(cls, values: dict[str, Any]) -> dict[str, Any]:
        missing = [key for key in ("per_order", "per_day") if values.get(key) is None]
        if values.get("may") and missing:
            raise ValueError(f"lets the bot give money and has no {' and no '.join(missing)}: add an amount such as 20")
        return values


class AgentActSettings(RoleActSettings):
    """What agents may do; a supervisor does the rest."""

    per_order: Decimal | None = Field(default=Decimal(100), ge=0, description=PRICE)
    per_day: Decimal | None = Field(default=Decimal(500), ge=0, description=PRICE)


class ActSettings(Section):
    """Who may do what to orders, beside cancelling, another address and returns."""

    bot: BotActSettings = BotActSettings()
    agent: AgentActSettings = AgentActSettings()
    supervisor: RoleActSettings = RoleActSettings()
    voucher_days: int = Field(default=365, ge=1, le=3650, description="for how many days a voucher is good")


class OrderUpdateSettings(Section):
    """What customers are told of their orders without asking."""

    offer: bool = True
    quiet: str = Field(
        default="21:00-08:00", regex=r"(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?\Z",
        description='hours such as "21:00-08:00", in quotes')
    look_minutes: float = Field(default=10, ge=0.01, le=1440, description="minutes from 0.01 to 1440")

    def is_quiet(self, local: datetime) -> bool:
        """Check whether nobody is told anything at this moment, in the shop's time zone."""
        if not self.quiet:
            return False
        begins, ends = map(time.fromisoformat, self.quiet.split("-"))
        now = local.time()
        return begins <= now < ends if begins <= ends else now >= begins or now < ends


class AddressExample(Section):
    """An address as one is written in the shop's country, to show customers."""

    street: str = "12 Oak Street"
    place: str = "Springfield, IL 62704"


class Shop(Section):
    """A shop. What is left out has the value of a shop in the United States with usual conditions."""

    name: str = Field(default="Tandem Shop", min_length=1, description="a name")
    timezone: ZoneInfo = Field(default=ZoneInfo("America/New_York"), description="a time zone such as Europe/Berlin")
    locale: Locale = Field(default=Locale("en", "US"), description="a language, perhaps with a country: de, en_US")
    currency: str = Field(
        default="USD", regex=r"[A-Z]{3}\Z", description="a currency by its three letters, such as EUR")
    countries: tuple[str, ...] = Field(default=("US",), description="a list of countries such as [US, CA]")
    contact: ContactSettings = ContactSettings()
    emergency_number: str = Field(default="911", min_length=2, description='a number such as "911", in quotes')
    poison_number: str = Field(default="1-800-222-1222", min_length=2, description='a number such as "911", in quotes')
    crisis_number: str = Field(default="988", min_length=2, description='a number such as "911", in quotes')
    address_example: AddressExample = AddressExample()
    order_numbers: OrderNumberSettings = OrderNumberSettings()
    match_with: tuple[Literal["email", "postcode", "phone"], ...] = Field(
        default=("email", "postcode"), description="a list of email, postcode and phone, or of some of them")
    delivery: DeliverySettings = DeliverySettings()
    returns: ReturnSettings = ReturnSettings()
    cancellation: ChangeSettings = ChangeSettings()
    address_change: ChangeSettings = ChangeSettings()
    refunds: RefundSettings = RefundSettings()
    acts: ActSettings = ActSettings()
    warranty: WarrantySettings = WarrantySettings()
    loyalty: LoyaltySettings = LoyaltySettings()
    gift: GiftSettings = GiftSettings()
    payment: PaymentSettings = PaymentSettings()
    privacy: PrivacySettings = PrivacySettings()
    reviews: ReviewSettings = ReviewSettings()
    order_updates: OrderUpdateSettings = OrderUpdateSettings()

    @validator("timezone", pre=True)
    def _is_zone(cls, value: Any) -> ZoneInfo:
        try:
            return ZoneInfo(value) if isinstance(value, str) else value
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError from None

    @validator("locale", pre=True)
    def _is_locale(cls, value: Any) -> Locale:
        try:
            return Locale.parse(value.replace("-", "_")) if isinstance(value, str) else value
        except (UnknownLocaleError, ValueError):
            raise ValueError from None

    @validator("countries", each_item=True)
    def _is_country(cls, value: str) -> str:
        if value not in Locale("en").territories or len(value) != 2:
            raise ValueError(f"must be countries by their two letters, such as [US, CA], not {value!r}")
        return value

    def numbers(self) -> OrderNumbers:
        """Return the reader of the shop's order numbers."""
        settings = self.order_numbers
        return OrderNumbers(list(map(OrderNumberForm.parse, settings.forms)), settings.called, settings.example)
