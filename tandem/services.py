"""The one place that wires settings to services: every process opens its own through here."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import Engine

from tandem.agents import audit
from tandem.agents.presence import absent
from tandem.conversations.casefile import CaseFile
from tandem.conversations.consent import Consents
from tandem.conversations.ledger import Ledger
from tandem.conversations.outbox import Outbox
from tandem.conversations.ownership import Ownership
from tandem.conversations.router import Router
from tandem.db.engine import open_engine
from tandem.db.schema import upgrade
from tandem.handoff.business_hours import DUTY, BusinessHours, Patience, read_duty
from tandem.handoff.queue_watchdog import QueueWatchdog
from tandem.handoff.routing import read_channels, read_routing
from tandem.handoff.service import HandoffService
from tandem.handoff.waiting_rules import WAITING, WaitingRoom, read_waiting_room
from tandem.live_agents.factory import build_channels
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.worker import Relay
from tandem.order_updates.mail import Mailer
from tandem.order_updates.worker import UpdateWorker
from tandem.orders.acts.service import OrderActs
from tandem.orders.factory import guarded_order_system
from tandem.orders.identification import IdentificationService
from tandem.orders.model import Order, OrderAct
from tandem.orders.summary import summarise
from tandem.orders.system import OrderSystem
from tandem.sentiment.settings import EscalationSettings
from tandem.sentiment.trajectory import Trajectory
from tandem.settings import Settings, project_root

_AGREED_BY = {  # the questions to which a yes is a yes to these acts; to another act no question of the bot leads
    OrderAct.CANCEL: "cancel_order", OrderAct.CHANGE_ADDRESS: "change_address", OrderAct.START_RETURN: "return_item",
    OrderAct.REFUND: "get_refund"}


@dataclass(frozen=True)
class Services:
    """What a process works with. All are blocking and safe to share between threads."""

    settings: Settings
    engine: Engine
    ledger: Ledger
    ownership: Ownership
    outbox: Outbox
    router: Router
    case_file: CaseFile
    orders: OrderSystem
    identification: IdentificationService
    handoff: HandoffService
    business_hours: BusinessHours
    patience: Patience
    waiting_room: WaitingRoom = field(default_factory=WaitingRoom)

    @property
    def acts(self) -> OrderActs:
        """Return what does the acts on orders, with its lines in the audit log."""
        return OrderActs(self.engine, self.orders, audit.write, self.settings.shop_timezone, self.ledger.clock,
                         self._has_agreed)

    def _has_agreed(self, conversation_id: str, act: OrderAct, number: str, key: str) -> bool:
        return Consents(self.ledger).has_begun(conversation_id, _AGREED_BY.get(act, act.value), number, key)

    def record_order(self, conversation_id: str, order: Order, message_id: str = "") -> None:
        """Keep in the case file how an order stood when it was looked up; blocking."""
        self.case_file.record_order(conversation_id, order.number, order.status.value,
                                 summarise(order, self.settings.shop_timezone), message_id, bool(order.can_cancel))


def open_services(settings: Settings) -> Services:
    """Open the database of `settings`, bring it to the newest schema, and build the services over it.

    Raises:
        SettingsError: A URL cannot be read.
        EscalationSettingsError: config.yml names an unknown or wrong escalation key.
        BusinessHoursError: data/duty.yml cannot be read.
        WaitingRoomError: data/waiting.yml cannot be read.
        SchemaTooNew: A newer Tandem has upgraded the database.
    """
    engine = open_engine(settings.database_url)
    upgrade(engine)
    ledger = Ledger(engine)
    ownership = Ownership(ledger)
    case_file = CaseFile(ledger)
    orders = guarded_order_system(settings, engine)
    identification = IdentificationService(engine, orders, on_verified=ledger.know_email)
    duty, patience = read_duty(settings.shop_timezone, project_root() / DUTY)
    endpoints = project_root() / "endpoints.yml"
    handoff = HandoffService(
        ledger, ownership, case_file, read_routing(endpoints, duty), duty,
        Trajectory(escalation_settings()), identification.verified_orders,
    )
    return Services(
        settings=settings, engine=engine, ledger=ledger, ownership=ownership, outbox=Outbox(ledger),
        router=Router(ledger, ownership), case_file=case_file, orders=orders, identification=identification,
        handoff=handoff, business_hours=duty, patience=patience,
        waiting_room=read_waiting_room(project_root() / WAITING),
    )


def escalation_settings(config: Path | None = None) -> EscalationSettings:
    """Return the EscalationPolicy's thresholds as config.yml sets them; the defaults if there are none."""
    return EscalationSettings.from_file(config or project_root() / "config.yml")


def open_relay(services: Services) -> Relay:
    """Return the relay to the outside live-agent channels of endpoints.yml.

    Raises:
        LiveAgentConfigError: A channel's type or keys are wrong.
    """
    channels = build_channels(read_channels(project_root() / "endpoints.yml"))
    return Relay(services.ledger, AgentActions(services.ledger, services.ownership), channels)


def open_watchdog(services: Services) -> QueueWatchdog:
    """Open what looks after those who wait for a person."""
    return QueueWatchdog(services.ledger, services.ownership, services.business_hours, services.patience,
                         lambda since: absent(services.engine, since))


def open_update_worker(services: Services) -> UpdateWorker:
    """Open what looks at orders and tells customers who want to know what is new."""
    return UpdateWorker(services.ledger, services.orders, services.settings, Mailer.of(services.settings))
