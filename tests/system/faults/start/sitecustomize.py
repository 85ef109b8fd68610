"""Python runs this at the start of every process that has this folder on its path, before any of the product's code."""
import os

if os.environ.get("FAULT_RULES"):
    from tests.system.faults import hooks, points

    hooks.install(points.parse(os.environ["FAULT_RULES"]), int(os.environ.get("FAULT_SEED") or 0))
