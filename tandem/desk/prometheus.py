"""Tell Prometheus how the desk and the processes stand. Names and labels are what operators' alarms are written on."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from tandem.desk.metrics import PRESENCE, Metrics
from tandem.run_state import RunState

__all__ = ["CONTENT_TYPE", "exposition"]


def exposition(numbers: Metrics, runs: Sequence[RunState] = ()) -> bytes:
    """Write the numbers in Prometheus's text format, and the processes of each `tandem run` where any is known.

    What is told comes from the database and from var/run/, so that every worker of the desk tells the same.
    """
    return generate_latest(_Snapshot(numbers, runs))


class _Snapshot(Collector):
    """One reading of all metrics."""

    def __init__(self, numbers: Metrics, runs: Sequence[RunState]) -> None:
        self._numbers = numbers
        self._runs = runs

    def collect(self) -> Iterable[Metric]:
        yield from _conversations(self._numbers)
        if self._runs:
            yield from _processes(self._runs)


def _conversations(numbers: Metrics) -> Iterator[Metric]:
    yield _gauge("waiting", "Customers who wait for a person.", numbers.waiting)
    yield _gauge("longest_wait_seconds", "The longest of their waits.", numbers.longest_wait_seconds)
    yield _gauge("with_agents", "Conversations that agents have.", sum(numbers.open_by_agent.values()))
    states = Counter(one.state for one in numbers.agents)
    yield _gauges("agents", "Agents by presence.", "state", [(state, states[state]) for state in PRESENCE])
    for name, times, text in (
        ("first_response_seconds", numbers.first_response, "From handoff to a first word, or till now; last 7 days."),
        ("handle_time_seconds", numbers.handle_time, "From claim to end, last 7 days."),
    ):
        yield _gauges(name, text, "quantile", [("0.5", times.p50), ("0.95", times.p95)])
    yield _gauge("containment_ratio", "Share of conversations that needed nobody, last 7 days.", numbers.containment)
    yield _gauges("messages", "Messages in each delivery state.", "delivery", sorted(numbers.deliveries.items()))
    yield _gauge("messages_retried", "Messages that took more than one attempt.", numbers.retried)
    yield _gauge("replies_fenced", "Bot replies suppressed because a person had the conversation.", numbers.fenced)
    yield _gauge("order_subscriptions", "Orders of which customers are to be told.", numbers.subscriptions)
    yield _gauges("order_updates", "What was told of orders without asking.", "way", sorted(numbers.updates.items()))
    yield _gauge("dead_letters", "What could not be carried to or from live-agent tools.", numbers.dead)


def _processes(runs: Sequence[RunState]) -> Iterator[Metric]:
    processes = [process for run in runs for process in run.processes]
    yield _gauges("process_up", "1 if the process works, 0 while it starts or is down.", "process",
                  [(process.name, process.state == "up") for process in processes])
    restarts = CounterMetricFamily("tandem_process_restarts", "How often a process was replaced since its supervisor "
                                   "began.", labels=("process", "reason"))
    for process in processes:
        restarts.add_metric((process.name, "died"), process.deaths)
        restarts.add_metric((process.name, "froze"), process.freezes)
    yield restarts
    yield _gauges("locks_up", "1 if the locks that workers share answer, 0 while turns go on without them.", "process",
                  [(process.name, process.locks == "up") for process in processes if process.locks])


def _gauge(name: str, text: str, value: float | None) -> Metric:
    """Make a metric without labels, and without a sample while there is nothing to measure."""
    family = GaugeMetricFamily(f"tandem_{name}", text)
    if value is not None:
        family.add_metric((), value)
    return family


def _gauges(name: str, text: str, label: str, values: Iterable[tuple[str, float | None]]) -> Metric:
    """Make a metric with one label, and a sample for each value that is known."""
    family = GaugeMetricFamily(f"tandem_{name}", text, labels=(label,))
    for labelled, value in values:
        if value is not None:
            family.add_metric((labelled,), value)
    return family
