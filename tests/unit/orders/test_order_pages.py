"""What the pages about engines tell an owner to write is understood as it stands there."""
from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from tandem.orders.adapters.http.config import HttpPages, HttpRequest, HttpRequests, MappedHttpOptions
from tandem.orders.adapters.medusa.config import MedusaOptions
from tandem.orders.adapters.shopify.config import ShopifyOptions
from tandem.orders.adapters.sql.config import MappedSqlOptions, SqlActs
from tandem.orders.adapters.woocommerce.config import WooCommerceOptions
from tandem.orders.config import read_orders
from tandem.orders.factory import ENGINES
from tandem.orders.mapping.fields import (
    ItemFields,
    MappedOptions,
    OrderFields,
    ParcelFields,
    RefundFields,
    ReturnFields,
    ShipmentFields,
)

DOCS = Path(__file__).parents[3] / "docs"
SQL, HTTP, MEDUSA, SHOPIFY, WOOCOMMERCE = ((DOCS / "orders" / f"{name}.md").read_text(encoding="utf-8")
                                           for name in ("sql", "http", "medusa", "shopify", "woocommerce"))


def sections(page: str) -> list[str]:
    """The YAML of a page."""
    return [textwrap.dedent(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


def test_every_engine_has_its_page() -> None:
    overview = (DOCS / "order-systems.md").read_text(encoding="utf-8")
    for engine in ENGINES:
        assert (DOCS / "orders" / f"{engine}.md").exists() and f"(orders/{engine}.md)" in overview, engine


def test_the_table_of_the_page_can_be_connected(tmp_path: Path) -> None:
    whole, acts = sections(SQL)
    file = tmp_path / "endpoints.yml"
    file.write_text(whole + textwrap.indent(textwrap.dedent(acts), "  "), encoding="utf-8")
    section = read_orders(file, tuple(ENGINES))
    assert section is not None
    options = section.read(MappedSqlOptions)
    assert options.acts.cancel and options.acts.change_address and options.acts.start_return


def test_the_service_of_the_page_can_be_connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_TOKEN", "w" * 20)
    whole, acts = sections(HTTP)
    file = tmp_path / "endpoints.yml"
    section_text = yaml.safe_load(whole)
    section_text["orders"]["requests"].update(yaml.safe_load(acts))
    file.write_text(yaml.safe_dump(section_text), encoding="utf-8")
    section = read_orders(file, tuple(ENGINES))
    assert section is not None
    assert section.read(MappedHttpOptions).requests.cancel is not None


def test_the_medusa_of_the_page_can_be_connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_KEY", "sk_1")
    [whole] = sections(MEDUSA)
    (tmp_path / "endpoints.yml").write_text(whole, encoding="utf-8")
    section = read_orders(tmp_path / "endpoints.yml", tuple(ENGINES))
    assert section is not None and section.read(MedusaOptions).key == "sk_1"
    assert [key for key in MedusaOptions.__fields__ if f"| `{key}` |" not in MEDUSA] == []


def test_the_woocommerce_of_the_page_can_be_connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOOCOMMERCE_KEY", "ck_1")
    monkeypatch.setenv("WOOCOMMERCE_SECRET", "cs_1")
    [whole] = sections(WOOCOMMERCE)
    (tmp_path / "endpoints.yml").write_text(whole, encoding="utf-8")
    section = read_orders(tmp_path / "endpoints.yml", tuple(ENGINES))
    assert section is not None and section.read(WooCommerceOptions).secret == "cs_1"
    assert [key for key in WooCommerceOptions.__fields__ if f"`{key}`" not in WOOCOMMERCE] == []


def test_the_shopify_of_the_page_can_be_connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_CLIENT_ID", "id")
    monkeypatch.setenv("SHOPIFY_CLIENT_SECRET", "hush")
    [whole] = sections(SHOPIFY)
    (tmp_path / "endpoints.yml").write_text(whole, encoding="utf-8")
    section = read_orders(tmp_path / "endpoints.yml", tuple(ENGINES))
    assert section is not None and section.read(ShopifyOptions).client_secret == "hush"
    assert [key for key in ShopifyOptions.__fields__ if f"`{key}`" not in SHOPIFY] == []


@pytest.mark.parametrize("model", [MappedOptions, OrderFields, ItemFields, ParcelFields, ShipmentFields, RefundFields,
                                   ReturnFields, SqlActs])
def test_every_key_of_a_mapping_is_on_its_page(model: type) -> None:
    keys = [field.alias for field in model.__fields__.values()]  # type: ignore[attr-defined]
    assert [key for key in keys if not re.search(rf"`{key}`|`order[:.] ?{key}`|{key}:", SQL + HTTP)] == []


@pytest.mark.parametrize("model", [HttpRequests, HttpRequest, HttpPages])
def test_every_key_of_a_request_is_on_its_page(model: type) -> None:
    keys = [field.alias for field in model.__fields__.values()]  # type: ignore[attr-defined]
    assert [key for key in keys if not re.search(rf"`(requests[:.] ?)?{key}`", HTTP)] == []
