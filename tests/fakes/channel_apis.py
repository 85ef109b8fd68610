"""What the APIs of the messaging services take and refuse, by their published pages.

Telegram: core.telegram.org/bots/api (sendMessage, InlineKeyboardButton). Slack: api.slack.com, chat.postMessage and the
reference of block elements. Twilio: the Messages resource, error 21617. Messenger: the Send API's message, quick
replies and button template. Each takes a path's ending and a body, and gives a status and an answer.
"""
from __future__ import annotations

import json
from typing import Any

Answer = tuple[int, Any]
Body = dict[str, Any]


class _Wrong(Exception):
    """The service refuses the request; the text is what it says."""


def _require(true: Any, says: str) -> None:
    if not true:
        raise _Wrong(says)


def telegram(path: str, body: Body) -> Answer:
    """The Bot API, to one chat that the bot may write to."""
    if path == "refuse":
        return _telegram_error(403, "Forbidden: bot was blocked by the user")
    if path.endswith("getMe"):
        return 200, {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}}
    if path.endswith("setWebhook"):
        return 200, {"ok": True, "result": True}
    try:
        _require(body.get("chat_id"), "chat_id is empty")
        if path.endswith("sendMessage"):
            _telegram_message(body)
        elif path.endswith("sendPhoto"):
            _require(str(body.get("photo", "")).startswith("http"), "wrong HTTP URL specified")
        else:
            return _telegram_error(404, "Not Found")
    except _Wrong as wrong:
        return _telegram_error(400, f"Bad Request: {wrong}")
    chat = {"id": int(body["chat_id"]), "type": "private"}
    return 200, {"ok": True, "result": {"message_id": 9, "date": 1700000000, "chat": chat, "text": "x"}}


def _telegram_message(body: Body) -> None:
    text = str(body.get("text", ""))
    _require(text.strip(), "message text is empty")
    _require(len(text.encode("utf-16-le")) // 2 <= 4096, "message is too long")
    keyboard = json.loads(body["reply_markup"])["inline_keyboard"] if body.get("reply_markup") else []
    _require(sum(map(len, keyboard)) <= 100 and all(len(row) <= 8 for row in keyboard), "reply markup is too long")
    for button in (one for row in keyboard for one in row):
        _require(button.get("text"), "inline keyboard button text is empty")
        _require(("url" in button) != ("callback_data" in button), "inline keyboard button type is wrong")
        _require(1 <= len(button.get("callback_data", "x").encode()) <= 64, "BUTTON_DATA_INVALID")


def _telegram_error(status: int, says: str) -> Answer:
    return status, {"ok": False, "error_code": status, "description": says}


def slack(path: str, body: Body) -> Answer:
    """chat.postMessage with the bot token of a present-day app; errors come with status 200."""
    if path == "refuse":
        return 200, {"ok": False, "error": "channel_not_found"}
    try:
        _require(path.endswith("chat.postMessage"), "unknown_method")
        _require(body.get("channel"), "channel_not_found")
        _require("as_user" not in body, "as_user_not_supported")
        _require(body.get("text") or body.get("blocks") or body.get("attachments"), "no_text")
        _require(len(body.get("text") or "") <= 40_000, "msg_too_long")
        _require(len(body.get("blocks") or ()) <= 50, "invalid_blocks")
        for block in body.get("blocks") or ():
            _slack_block(block)
    except _Wrong as wrong:
        return 200, {"ok": False, "error": str(wrong)}
    return 200, {"ok": True, "channel": body["channel"], "ts": "1700000000.000300"}


def _slack_block(block: Body) -> None:
    kind = block.get("type")
    if kind == "section":
        _require(1 <= len(block["text"]["text"]) <= 3000, "invalid_blocks")
    elif kind == "actions":
        _require(1 <= len(block["elements"]) <= 25, "invalid_blocks")
        for button in block["elements"]:
            _require(1 <= len(button["text"]["text"]) <= 75, "invalid_blocks")
            _require(len(button.get("value", "")) <= 2000 and len(button.get("url", "")) <= 3000, "invalid_blocks")
    else:
        _require(kind == "image" and block.get("image_url") and block.get("alt_text"), "invalid_blocks")


def twilio(path: str, body: Body) -> Answer:
    """The Messages resource."""
    if path == "refuse":
        return 400, {"code": 21610, "message": "unsubscribed recipient", "status": 400}
    try:
        _require(path.endswith("/Messages.json"), "20404 The requested resource was not found")
        _require(body.get("To"), "21604 A 'To' phone number is required")
        _require(body.get("From"), "21603 A 'From' phone number is required")
        _require(body.get("Body") or body.get("MediaUrl"), "21619 Message body or media urls are required")
        _require(len(body.get("Body", "")) <= 1600, "21617 The message body exceeds the 1600 character limit")
    except _Wrong as wrong:
        code, _, says = str(wrong).partition(" ")
        return 400, {"code": int(code), "message": says, "status": 400}
    return 201, {"sid": "SM9", "status": "queued", "body": body.get("Body"), "to": body.get("To")}


def facebook(path: str, body: Body) -> Answer:
    """The Send API."""
    if path == "refuse":
        return 400, {"error": {"message": "(#551) This person isn't available right now", "code": 551}}
    try:
        _require((body.get("recipient") or {}).get("id"), "(#100) The parameter recipient is required")
        if "sender_action" not in body:
            _require(body.get("messaging_type") in ("RESPONSE", "UPDATE", "MESSAGE_TAG"), "(#100) messaging_type")
            _facebook_message(body.get("message") or {})
    except _Wrong as wrong:
        return 400, {"error": {"message": str(wrong), "code": 100}}
    return 200, {"recipient_id": "F1", "message_id": "m9"}


def _facebook_message(message: Body) -> None:
    attachment = message.get("attachment")
    _require(("text" in message) != (attachment is not None), "(#100) either text or attachment")
    _require(1 <= len(message.get("text", "x")) <= 2000, "(#100) Length of param message[text] must be <= 2000")
    replies = message.get("quick_replies", ())
    _require(len(replies) <= 13, "(#100) too many quick replies")
    for reply in replies:
        _require(reply.get("content_type") == "text", "(#100) content_type")
        _require(1 <= len(reply["title"]) <= 20 and len(reply["payload"]) <= 1000, "(#100) quick reply is too long")
    if attachment is not None and attachment["type"] == "template":
        payload = attachment["payload"]
        _require(payload["template_type"] == "button" and 1 <= len(payload["text"]) <= 640, "(#100) template text")
        _require(1 <= len(payload["buttons"]) <= 3, "(#100) template buttons")
        for button in payload["buttons"]:
            target = {"postback": "payload", "web_url": "url"}.get(button.get("type"), "")
            _require(button.get(target) and 1 <= len(button["title"]) <= 20, "(#100) template button")
