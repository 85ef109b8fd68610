"""The page of what the assistant can do is what the data say."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tandem.evaluation import flows

ROOT = Path(__file__).resolve().parents[3]
KINDS = yaml.safe_load((ROOT / "tandem/evaluation/abcd.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page() -> str:
    return flows.render(ROOT)


def test_the_page_is_up_to_date(page: str) -> None:
    told, counted = flows.figures((ROOT / flows.PAGE).read_text(encoding="utf-8"))
    tells, counts = flows.figures(page)
    fix = "run `tandem data flows --write`"
    assert told.splitlines() == tells.splitlines(), fix
    # An example more needs no new page.
    assert all(abs(then - now) <= max(3, now / 4) for then, now in zip(counted, counts)), fix


def test_it_names_every_form_and_every_answer(page: str) -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    assert all(f"| `{form.removesuffix('_form')}` |" in page for form in domain["forms"])
    assert "| `cancel_order` | order_number | identified, a plain yes |" in page
    assert "| `returns/who_pays` |" in page
    assert "| `safety_hazard` | sure from" in page


def test_the_ten_flows_and_55_kinds_of_the_public_set_are_there_each_with_a_reason() -> None:
    assert (len(KINDS), sum(map(len, KINDS.values()))) == (10, 55)
    for name, kind in ((name, kind) for kinds in KINDS.values() for name, kind in kinds.items()):
        assert kind["why"], name
        assert bool(kind.get("through")) == (kind["by"] != "none"), name


def test_the_kinds_name_intents_that_there_are() -> None:
    assert flows.unknown_intents(ROOT) == set()
