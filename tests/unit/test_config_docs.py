"""Every key that a configuration file may have is written down."""
from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tandem.configuration import ConfigModel

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = {  # which page of docs/ explains the keys of a module's models
    "tandem.settings": "settings.md",
    "tandem.evaluation.labelled_conversations": "evaluation.md ../tests/conversations/README.md",
    "tandem.handoff.business_hours": "duty.md",
    "tandem.handoff.routing": "live-agent-channels.md",
    "tandem.handoff.waiting_rules": "escalation.md",
    "tandem.sentiment.dangers": "escalation.md",
    "tandem.sentiment.settings": "escalation.md",
    "tandem.dialogue.escalation_policy": "escalation.md",
    "tandem.dialogue.language_policy": "nlu.md",
    "tandem.channels.credentials": "channels.md webchat.md",
    "tandem.desk.canned_responses": "desk.md",
    "tandem.wording.offers": "designers.md",
    "tandem.nlu": "nlu.md",
    "tandem.shop": "shop.md",
    "tandem.orders": "order-systems.md orders/http.md orders/medusa.md orders/shopify.md orders/sql.md "
                     "orders/woocommerce.md",
    "tandem.live_agents.adapters.chatwoot": "chatwoot.md",
    "tandem.live_agents.adapters.slack": "slack.md",
    "tandem.live_agents.adapters.template": "writing-a-live-agent-adapter.md",
    "tandem.live_agents.adapters.webhook": "live-agent-channels.md",
    "tandem.live_agents.adapters.zendesk": "zendesk.md",
}
WEEKDAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}  # `hours.<weekday>`
RASAS_OWN = {"intent_tokenization_flag", "intent_split_symbol", "token_pattern", "prefix_separator_symbol"}


def config_models() -> list[type[ConfigModel]]:
    """Every model of a section of configuration."""
    for path in sorted(ROOT.glob("tandem/**/*.py")):
        if re.search(r"ConfigModel|AdapterOptions", path.read_text(encoding="utf-8")):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    found, seen = [ConfigModel], []
    while found:
        model = found.pop()
        found += model.__subclasses__()
        if model.__module__.startswith("tandem.") and model.__fields__:
            seen.append(model)
    return sorted(seen, key=lambda model: f"{model.__module__}.{model.__name__}")


@pytest.mark.parametrize("model", config_models(), ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_every_key_of_every_configuration_is_documented(model: type[ConfigModel]) -> None:
    names = [page for module, page in PAGES.items() if f"{model.__module__}.".startswith(f"{module}.")]
    assert names, f"PAGES has no page for {model.__module__}"
    page = "".join((DOCS / name).read_text(encoding="utf-8") for name in names[0].split())
    keys = {field.alias for field in model.__fields__.values()} - WEEKDAYS - RASAS_OWN
    assert [key for key in sorted(keys) if not re.search(rf"`([\w.]+\.)?{key}\b|\b{key}:", page)] == [], names[0]
