"""Webhooks as the outside services send them, signed where they sign."""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

SLACK_SECRET = "a signing secret"
FACEBOOK_SECRET = "an app secret"
Webhook = dict[str, Any]  # what httpx's post takes


def telegram_text(text: str, update: int = 1, chat: int = 4711) -> Webhook:
    message = {"message_id": 5, "date": 1700000000, "text": text, "chat": _chat(chat), "from": _person(chat)}
    return {"json": {"update_id": update, "message": message}}


def telegram_button(data: str, update: int = 1, chat: int = 4711) -> Webhook:
    shown = {"message_id": 6, "date": 1700000000, "text": "Which one?", "chat": _chat(chat), "from": _person(1)}
    query = {"id": "77", "from": _person(chat), "message": shown, "chat_instance": "x", "data": data}
    return {"json": {"update_id": update, "callback_query": query}}


def telegram_edited(text: str, update: int = 1, chat: int = 4711) -> Webhook:
    message = {"message_id": 5, "date": 1700000000, "edit_date": 1700000060, "text": text, "chat": _chat(chat),
               "from": _person(chat)}
    return {"json": {"update_id": update, "edited_message": message}}


def telegram_place(update: int = 1, chat: int = 4711) -> Webhook:
    place = {"longitude": 13.4, "latitude": 52.5}
    message = {"message_id": 5, "date": 1700000000, "location": place, "chat": _chat(chat), "from": _person(chat)}
    return {"json": {"update_id": update, "message": message}}


def telegram_others() -> list[Webhook]:
    """Updates that carry no message of a customer."""
    sticker = {"message_id": 5, "date": 1700000000, "chat": _chat(4711), "sticker": {"file_id": "x"}}
    member = {"chat": _chat(4711), "from": _person(4711), "date": 1, "new_chat_member": {"status": "kicked"}}
    return [{"json": {"update_id": 9, **kind}} for kind in (
        {"my_chat_member": member}, {"channel_post": {"text": "news"}}, {"poll": {"id": "1"}}, {"message": sticker},
        {"callback_query": {"id": "1", "data": "x", "inline_message_id": "y"}}, {"message": None}, {},
    )]


def slack_text(text: str, event: str = "Ev1", retry: str | None = None, **more: Any) -> Webhook:
    body = {
        "token": "x", "team_id": "T1", "api_app_id": "A1", "type": "event_callback", "event_id": event,
        "event_time": 1700000000, "authed_users": ["UBOT"],
        "event": {"type": "message", "channel": "D1", "channel_type": "im", "user": "U1", "text": text,
                  "ts": "1700000000.000100", **more},
    }
    headers = {"x-slack-retry-num": "1", "x-slack-retry-reason": retry} if retry else {}
    return _slack(json.dumps(body).encode(), "application/json", headers)


def slack_button(value: str, at: str = "1700000100.5") -> Webhook:
    payload = {
        "type": "block_actions", "user": {"id": "U1"}, "channel": {"id": "D1"}, "trigger_id": "1.2.3",
        "message": {"ts": "1700000000.000200"},
        "actions": [{"type": "button", "action_id": "a", "value": value, "action_ts": at}],
    }
    return _slack(urlencode({"payload": json.dumps(payload)}).encode(), "application/x-www-form-urlencoded", {})


def slack_challenge() -> Webhook:
    return _slack(b'{"type": "url_verification", "token": "x", "challenge": "abc"}', "application/json", {})


def twilio_text(text: str, sid: str = "SM1", **more: str) -> Webhook:
    return {"data": {"MessageSid": sid, "AccountSid": "AC1", "From": "whatsapp:+15550111", "To": "whatsapp:+15550100",
                     "Body": text, "NumMedia": "0", **more}}


def twilio_signature(address: str, sent: dict[str, str], token: str) -> str:
    """As Twilio's page on security says: HMAC-SHA1 over the address and the sorted parameters, in base64."""
    signed = address + "".join(f"{name}{sent[name]}" for name in sorted(sent))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def facebook(*events: dict[str, Any], secret: str = FACEBOOK_SECRET, method: str = "sha1") -> Webhook:
    entries = [{"id": "PAGE", "time": 1700000000, "messaging": [event]} for event in events]
    body = json.dumps({"object": "page", "entry": entries}).encode()
    digest = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}[method]
    header = "X-Hub-Signature" if method == "sha1" else "X-Hub-Signature-256"
    signature = hmac.new(secret.encode(), body, digest).hexdigest()
    return {"content": body, "headers": {"content-type": "application/json", header: f"{method}={signature}"}}


def facebook_text(text: str, mid: str = "m1", **more: Any) -> dict[str, Any]:
    return {"sender": {"id": "F1"}, "recipient": {"id": "PAGE"}, "timestamp": 1700000000,
            "message": {"mid": mid, "text": text, **more}}


def facebook_postback(payload: str, at: int = 1700000001) -> dict[str, Any]:
    return {"sender": {"id": "F1"}, "recipient": {"id": "PAGE"}, "timestamp": at,
            "postback": {"title": "Yes", "payload": payload}}


def facebook_sign(kind: str) -> dict[str, Any]:
    return {"sender": {"id": "F1"}, "recipient": {"id": "PAGE"}, kind: {"watermark": 1700000000}}


def _slack(body: bytes, kind: str, headers: dict[str, str]) -> Webhook:
    at = str(int(time.time()))
    signature = hmac.new(SLACK_SECRET.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {"content": body, "headers": {"content-type": kind, "X-Slack-Request-Timestamp": at,
                                         "X-Slack-Signature": f"v0={signature}", **headers}}


def _chat(chat: int) -> dict[str, Any]:
    return {"id": chat, "type": "private", "first_name": "Ada"}


def _person(person: int) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": "Ada", "language_code": "pt-br"}
