"""Promise 6: no order fact before the customer is identified, and guessing is limited. On both databases."""
from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine

from tandem.db.engine import open_engine, reading
from tandem.db.schema import upgrade
from tandem.orders.errors import (
    InvalidContact,
    InvalidOrderNumber,
    NotIdentified,
    NotMatched,
    OrderError,
    OrderNotFound,
    OrderSystemUnavailable,
    RefusedForNow,
)
from tandem.orders.identification import IdentificationService, forget
from tandem.orders.identification_tables import grants, misses
from tests.contract.orders.conftest import Shop, fake_shop
from tests.fakes.orders import FakeOrderSystem


@pytest.fixture
def service(engine: Engine, shop: Shop) -> IdentificationService:
    return IdentificationService(engine, shop.system, shop.clock)


def _outcome(service: IdentificationService, conversation: str, number: str, contact: str) -> str:
    try:
        return service.verify(conversation, number, contact).order.number
    except OrderError as error:
        return type(error).__name__


@pytest.mark.parametrize(("number", "contact"), [
    ("TD-10421", "on-time@example.com"), ("td 10421", "  On-Time@EXAMPLE.com "), ("#10421", "94107"),
    ("10421", "94107-1234"), ("TD-10421", " 941 07 "),
])
def test_number_and_contact_open_the_order(service: IdentificationService, number: str, contact: str) -> None:
    assert service.verify("c1", number, contact).order.number == "TD-10421"
    assert service.is_verified("c1", "10421")
    assert service.verified_orders("c1") == ("TD-10421",)
    assert service.order_for("c1", "td-10421").number == "TD-10421"


def test_orders_matched_for_one_address_can_be_withdrawn_from_the_next_customer(service: IdentificationService) -> None:
    service.verify("c1", "TD-10402", "two-orders@example.com")
    service.verify("c1", "TD-10421", "94107")  # on-time@example.com, by postcode
    service.verify("c2", "TD-10421", "on-time@example.com")
    assert service.matched_for_another("c1", "on-time@example.com")
    assert not service.matched_for_another("c2", "On-Time@example.com")
    assert not service.matched_for_another("c3", "on-time@example.com")
    service.forget_all_but("c1", "on-time@example.com")
    assert service.verified_orders("c1") == ("TD-10421",)
    service.forget_all_but("c1", None)
    assert (service.verified_orders("c1"), service.verified_orders("c2")) == ((), ("TD-10421",))


def test_a_match_opens_one_order_in_one_conversation(service: IdentificationService) -> None:
    service.verify("c1", "TD-10402", "two-orders@example.com")
    for conversation, number in (("c1", "TD-10417"), ("c2", "TD-10402"), ("", "TD-10402")):
        assert not service.is_verified(conversation, number)
        with pytest.raises(NotIdentified):
            service.order_for(conversation, number)


def test_the_channels_identity_opens_its_own_orders_only(service: IdentificationService) -> None:
    assert service.order_for("c1", "TD-10421", "On-Time@example.com").number == "TD-10421"
    for number in ("TD-10388", "TD-99999"):
        with pytest.raises(NotIdentified):
            service.order_for("c1", number, "on-time@example.com")
    for identity in (None, "", " ", "94107", "\ud800"):
        with pytest.raises(NotIdentified):
            service.order_for("c1", "TD-10421", identity)


def test_a_verified_order_that_is_gone_is_not_found(engine: Engine, shop: Shop) -> None:
    system = fake_shop(shop.clock).system
    assert isinstance(system, FakeOrderSystem)
    service = IdentificationService(engine, system, shop.clock)
    service.verify("c1", "TD-10421", "94107")
    del system.orders["TD-10421"]
    with pytest.raises(OrderNotFound):
        service.order_for("c1", "TD-10421")


def test_the_third_miss_offers_a_person_and_after_the_sixth_the_right_answer_is_refused(
    service: IdentificationService, shop: Shop
) -> None:
    offered = []
    for miss in range(1, 7):
        with pytest.raises(NotMatched) as error:
            service.verify("c1", "TD-10421", f"guess{miss}@example.com")
        assert error.value.misses == miss
        offered.append(error.value.offer_person)
    assert offered == [False, False, True, True, True, True]
    with pytest.raises(RefusedForNow) as refused:
        service.verify("c1", "TD-10421", "on-time@example.com")
    assert refused.value.until == shop.clock.at + timedelta(minutes=30) and refused.value.offer_person
    shop.clock.advance(minutes=30)
    assert _outcome(service, "c1", "TD-10421", "on-time@example.com") == "TD-10421"


def test_new_conversations_do_not_reset_the_count_of_an_order(service: IdentificationService) -> None:
    for guess in range(6):
        assert _outcome(service, f"c{guess}", "TD-10421", f"guess{guess}@example.com") == "NotMatched"
    assert _outcome(service, "fresh", "TD-10421", "on-time@example.com") == "RefusedForNow"
    assert _outcome(service, "fresh", "TD-10388", "late@example.com") == "TD-10388"


def test_one_address_cannot_be_tried_against_all_orders(service: IdentificationService) -> None:
    for guess in range(6):
        assert _outcome(service, f"c{guess}", f"{20000 + guess}", "on-time@example.com") == "NotMatched"
    assert _outcome(service, "fresh", "TD-10421", "on-time@example.com") == "RefusedForNow"


def test_neighbours_share_a_postcode_and_get_more_room(service: IdentificationService) -> None:
    for guess in range(29):
        assert _outcome(service, f"c{guess}", f"{20000 + guess}", "94107") == "NotMatched"
    assert _outcome(service, "fresh", "TD-10421", "94107") == "TD-10421"
    assert _outcome(service, "c29", "20029", "94107") == "NotMatched"
    assert _outcome(service, "fresh2", "TD-10421", "94107") == "RefusedForNow"


def test_a_conversation_cannot_go_through_the_orders(service: IdentificationService) -> None:
    for guess in range(6):
        assert _outcome(service, "c1", f"{20000 + guess}", f"guess{guess}@example.com") == "NotMatched"
    assert _outcome(service, "c1", "TD-10421", "on-time@example.com") == "RefusedForNow"


def test_a_match_in_between_does_not_reset_the_count(service: IdentificationService) -> None:
    for guess in range(5):
        _outcome(service, "c1", "TD-10421", f"guess{guess}@example.com")
    assert _outcome(service, "c1", "TD-10388", "60614") == "TD-10388"
    assert _outcome(service, "c1", "TD-10421", "guess6@example.com") == "NotMatched"
    assert _outcome(service, "c1", "TD-10421", "on-time@example.com") == "RefusedForNow"


def test_misses_are_forgotten_after_the_window(service: IdentificationService, shop: Shop, engine: Engine) -> None:
    for guess in range(5):
        _outcome(service, "c1", "TD-10421", f"guess{guess}@example.com")
    shop.clock.advance(hours=12)
    with pytest.raises(NotMatched) as error:
        service.verify("c1", "TD-10421", "guess6@example.com")
    assert error.value.misses == 1
    with reading(engine).connect() as connection:
        assert len(connection.execute(select(misses)).all()) == 3  # conversation, order, contact


def test_a_restart_and_forgetting_the_conversation_keep_the_count(ready_url: str, shop: Shop) -> None:
    for guess in range(6):
        engine = open_engine(ready_url)
        restarted = IdentificationService(engine, shop.system, shop.clock)
        with engine.begin() as connection:
            forget(connection, "c1")
        assert _outcome(restarted, "c1", "TD-10421", f"guess{guess}@example.com") == "NotMatched"
        engine.dispose()
    assert _outcome(IdentificationService(open_engine(ready_url), shop.system, shop.clock), "c1", "TD-10421",
                    "on-time@example.com") == "RefusedForNow"


def test_a_wrong_number_and_a_wrong_address_get_the_same_answer(service: IdentificationService) -> None:
    said = []
    for conversation, number, contact in (("c1", "TD-10421", "x@example.com"), ("c2", "TD-99999", "y@example.com"),
                                          ("c3", "TD-10388", "94107"), ("c4", "TD-99998", "60614")):
        for _ in range(2):
            with pytest.raises(NotMatched) as error:
                service.verify(conversation, number, contact)
        said.append((str(error.value), vars(error.value)))
    assert all(answer == said[0] for answer in said)


def test_a_grant_expires(service: IdentificationService, shop: Shop, engine: Engine) -> None:
    verified = service.verify("c1", "TD-10421", "94107")
    assert verified.until == shop.clock.at + timedelta(hours=24)
    shop.clock.advance(hours=24)
    assert not service.is_verified("c1", "TD-10421") and service.verified_orders("c1") == ()
    service.verify("c2", "TD-10388", "60614")
    with reading(engine).connect() as connection:
        assert len(connection.execute(select(grants)).all()) == 1


def test_matching_again_prolongs_the_grant(service: IdentificationService, shop: Shop) -> None:
    service.verify("c1", "TD-10421", "94107")
    shop.clock.advance(hours=23)
    service.verify("c1", "TD-10421", "94107")
    shop.clock.advance(hours=23)
    assert service.verified_orders("c1") == ("TD-10421",)


def test_forgetting_takes_back_the_grants_of_one_conversation(service: IdentificationService, engine: Engine) -> None:
    service.verify("c1", "TD-10421", "94107")
    service.verify("c2", "TD-10421", "94107")
    with engine.begin() as connection:
        forget(connection, "c1")
    assert not service.is_verified("c1", "TD-10421") and service.is_verified("c2", "TD-10421")


@pytest.mark.parametrize(("number", "contact", "error"), [
    ("", "94107", InvalidOrderNumber), ("hello", "94107", InvalidOrderNumber),
    ("1" * 10_000, "94107", InvalidOrderNumber),
    ("TD-10421", "", InvalidContact), ("TD-10421", "no idea", InvalidContact),
    ("TD-10421", "a@b" * 500, InvalidContact), ("TD-10421", "x\x00@example.com", InvalidContact),
    ("TD-10421", "\ud800", InvalidContact),
])
def test_what_cannot_be_a_number_or_contact_is_no_miss(
    service: IdentificationService, engine: Engine, number: str, contact: str, error: type[OrderError]
) -> None:
    with pytest.raises(error):
        service.verify("c1", number, contact)
    with reading(engine).connect() as connection:
        assert connection.execute(select(misses)).all() == []


@pytest.mark.parametrize("conversation", ["", "\x00", "\ud800", "x" * 100_000, "'; DROP TABLE identification_grants"])
def test_any_conversation_id_is_borne(service: IdentificationService, conversation: str) -> None:
    service.verify(conversation, "TD-10421", "94107")
    assert service.is_verified(conversation, "TD-10421")


def test_a_system_that_is_down_counts_no_miss(engine: Engine, shop: Shop) -> None:
    system = fake_shop(shop.clock).system
    assert isinstance(system, FakeOrderSystem)
    service = IdentificationService(engine, system, shop.clock)
    system.down = True
    for _ in range(10):
        with pytest.raises(OrderSystemUnavailable):
            service.verify("c1", "TD-10421", "94107")
    system.down = False
    assert _outcome(service, "c1", "TD-10421", "94107") == "TD-10421"


def test_a_refused_customer_costs_the_order_system_nothing(engine: Engine, shop: Shop) -> None:
    system = fake_shop(shop.clock).system
    assert isinstance(system, FakeOrderSystem)
    service = IdentificationService(engine, system, shop.clock)
    for guess in range(7):
        _outcome(service, "c1", "TD-10421", f"guess{guess}@example.com")
    assert len(system.calls) == 6


def test_parallel_guesses_get_no_more_than_six_answers(service: IdentificationService) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(
            lambda guess: _outcome(service, f"c{guess}", "TD-10421", f"guess{guess}@example.com"), range(24)
        ))
    assert sorted(outcomes) == ["NotMatched"] * 6 + ["RefusedForNow"] * 18


def _guess_elsewhere(url: str, start: int, answers: Path) -> None:
    """Guess from another process, with the real system and clock."""
    from tandem.orders.adapters.sql.adapter import SqlOrderSystem

    engine = open_engine(url)
    service = IdentificationService(engine, SqlOrderSystem(engine))
    said = [_outcome(service, f"p{start}-{guess}", "TD-10421", f"p{start}-{guess}@example.com") for guess in range(8)]
    answers.write_text("\n".join(said))
    engine.dispose()


def test_two_processes_share_one_count(ready_url: str, shop: Shop, tmp_path: Path) -> None:
    spawned = multiprocessing.get_context("spawn")
    files = [tmp_path / f"answers{number}" for number in range(2)]
    processes = [spawned.Process(target=_guess_elsewhere, args=(ready_url, number, file))
                 for number, file in enumerate(files)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    outcomes = [line for file in files for line in file.read_text().splitlines()]
    assert sorted(outcomes) == ["NotMatched"] * 6 + ["RefusedForNow"] * 10


def test_processes_that_start_together_make_the_tables_once(database_url: str) -> None:
    def start(_: int) -> None:
        engine = open_engine(database_url)
        upgrade(engine)
        engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))


def test_a_shop_that_matches_by_email_alone_takes_no_postcode_and_counts_none(
    service: IdentificationService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/shop.yml").write_text('match_with: [email]\norder_numbers: {forms: ["TD-{digits 4-8}"]}\n')
    monkeypatch.chdir(tmp_path)
    for _ in range(7):
        with pytest.raises(InvalidContact):
            service.verify("c1", "TD-10421", "94107")
    assert service.verify("c1", "TD-10421", "on-time@example.com").order.number == "TD-10421"
