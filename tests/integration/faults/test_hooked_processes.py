"""Processes that are started with the rules of a fault run have its hooks."""
from __future__ import annotations

import os
import subprocess
import sys

from tests.system.faults import hooks


def run_hooked(rules: str, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, **hooks.environment(rules)}, timeout=120,
                          capture_output=True, text=True, check=False)


def test_a_process_that_is_started_with_rules_has_all_hooks() -> None:
    names = ", ".join(hooks.HOOKS)
    done = run_hooked("clock:1:back:3600", f"""
import {names}
from datetime import datetime, timezone
from tandem.conversations.ledger import Ledger
from tandem.db.engine import now, open_engine
wrapped = (sqlalchemy.engine.base.Engine.begin, rasa.core.agent.Agent.handle_message, sanic.app.Sanic.__init__,
           tandem.channels.webchat.stream._event, fastapi.applications.FastAPI.__call__,
           tandem.live_agents.adapters.webhook.adapter.WebhookChannel.say)
print({{one.__code__.co_filename.rsplit('/', 1)[-1] for one in wrapped}})
print((now() - Ledger(open_engine('sqlite://')).clock()).total_seconds() > 3000)
""")
    assert done.stdout == "{'hooks.py'}\nTrue\n", done.stderr[-2000:]


def test_a_kill_is_told_first_and_cannot_be_caught() -> None:
    done = run_hooked("x:1:kill", "from tests.system.faults.points import reach\n"
                                  "try:\n    reach('x')\nfinally:\n    print('lived')")
    assert done.returncode == -9 and done.stderr == "fault: x kill\n" and done.stdout == ""
