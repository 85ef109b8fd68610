"""No more news of orders without asking."""
from __future__ import annotations

from actions.base.order_updates import follows_an_update, stop_updates
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.turn import CurrentTurn


class ActionStopUpdates(ReplyAction):
    """Tells the customer nothing more of their orders by itself."""

    def name(self) -> str:
        return "action_stop_updates"

    def reply(self, turn: CurrentTurn) -> Reply:
        return stop_updates(self._open(), turn) or Reply("utter_order_updates_none")


class ActionNewsletterUnsubscribe(ReplyAction):
    """Tells how to leave the newsletter; right after news of an order, "unsubscribe" means that."""

    def name(self) -> str:
        return "action_newsletter_unsubscribe"

    def reply(self, turn: CurrentTurn) -> Reply:
        opened = self._open()
        stopped = stop_updates(opened, turn) if follows_an_update(opened, turn) else None
        return stopped or Reply("utter_newsletter_unsubscribe")
