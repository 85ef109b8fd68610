"""The commands of `tandem`: each module adds its own to the parser."""
from __future__ import annotations

from tandem.commands.agents import add_agent_command
from tandem.commands.audit import add_audit_command
from tandem.commands.backup import add_backup_command, add_restore_command
from tandem.commands.customers import add_erase_command, add_export_command
from tandem.commands.data import add_data_command
from tandem.commands.db import add_db_command
from tandem.commands.evaluate import add_evaluate_command
from tandem.commands.mood_and_replay import add_mood_command, add_replay_command
from tandem.commands.orders import add_orders_command
from tandem.commands.prune import add_prune_command
from tandem.commands.run import (
    add_doctor_command,
    add_run_command,
    add_seed_command,
    add_status_command,
    add_train_command,
)
from tandem.commands.shop import add_shop_command
from tandem.commands.why import add_why_command

COMMANDS = (
    add_run_command, add_train_command, add_seed_command, add_status_command, add_doctor_command, add_agent_command,
    add_audit_command, add_orders_command,
    add_mood_command, add_why_command, add_replay_command, add_data_command, add_shop_command, add_evaluate_command,
    add_export_command, add_erase_command,
    add_db_command, add_prune_command, add_backup_command, add_restore_command,
)
