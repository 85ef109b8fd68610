"""No more news of orders without asking."""
from __future__ import annotations

from actions.base.order_updates import stop_updates
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.turn import CurrentTurn


class ActionStopUpdates(ReplyAction):
    """Tells the customer nothing more of their orders by itself."""

    def name(self) -> str:
        return "action_stop_updates"

    def reply(self, turn: CurrentTurn) -> Reply:
        return stop_updates(self._open(), turn) or Reply("utter_order_updates_none")
