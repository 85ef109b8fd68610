"""What Prometheus is told has the names and labels that operators' alarms are written on."""
from __future__ import annotations

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from tandem.agents.presence import Presence
from tandem.desk.metrics import Metrics, Spread
from tandem.desk.prometheus import exposition
from tandem.run_state import ProcessState, RunState

NUMBERS = Metrics(
    waiting=2, longest_wait_seconds=61.5, open_by_agent={"anna": 1, "sam": 2},
    agents=(Presence("anna", "Anna Berg", "available", 1, 0, None),), handoffs=5,
    first_response=Spread(5, 180.0, 600.0), handle_time=Spread(0, None, None), containment=None,
    deliveries={"sent": 7, "doubt": 1}, retried=12_345_678, in_doubt=1, fenced=3, dead=0,
    subscriptions=4, updates={"chat": 9, "mail": 1},
)
WORKERS = (ProcessState("rasa.1", 11, "up", deaths=2), ProcessState("rasa.2", 12, "starting", freezes=1, locks="up"))
RUN = RunState("shop", 4711, {"rasa": 5005}, WORKERS)


def samples(text: bytes) -> dict[str, float]:
    """Each sample's name and labels as Prometheus writes them, and its value."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f'{label}="{value}"' for label, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_names_labels_and_values() -> None:
    assert samples(exposition(NUMBERS)) == {
        "tandem_waiting": 2, "tandem_longest_wait_seconds": 61.5, "tandem_with_agents": 3,
        'tandem_agents{state="available"}': 1, 'tandem_agents{state="away"}': 0, 'tandem_agents{state="offline"}': 0,
        'tandem_first_response_seconds{quantile="0.5"}': 180, 'tandem_first_response_seconds{quantile="0.95"}': 600,
        'tandem_messages{delivery="sent"}': 7, 'tandem_messages{delivery="doubt"}': 1,
        "tandem_messages_retried": 12_345_678, "tandem_replies_fenced": 3, "tandem_dead_letters": 0,
        "tandem_order_subscriptions": 4, 'tandem_order_updates{way="chat"}': 9, 'tandem_order_updates{way="mail"}': 1,
    }, "what was not measured has no sample, and large counts are not rounded"


def test_the_metrics_tell_each_process_and_why_it_was_replaced() -> None:
    def told(run: RunState) -> dict[str, float]:
        return {name: value for name, value in samples(exposition(NUMBERS, (run,))).items()
                if name not in samples(exposition(NUMBERS))}

    assert told(RUN) == {
        'tandem_process_up{process="rasa.1"}': 1, 'tandem_process_up{process="rasa.2"}': 0,
        'tandem_process_restarts_total{process="rasa.1",reason="died"}': 2,
        'tandem_process_restarts_total{process="rasa.1",reason="froze"}': 0,
        'tandem_process_restarts_total{process="rasa.2",reason="died"}': 0,
        'tandem_process_restarts_total{process="rasa.2",reason="froze"}': 1,
        'tandem_locks_up{process="rasa.2"}': 1,
    }, "a worker that has no locks says nothing of them"
    away = replace(RUN, processes=tuple(replace(one, locks="away") for one in WORKERS))
    assert told(away)['tandem_locks_up{process="rasa.1"}'] == 0
