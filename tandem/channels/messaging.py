"""Telegram, Slack, Twilio and Facebook behind the router, by the names that credentials.yml uses.

Rasa's own classes read the webhooks and know the services' formats. What is added: the id of each message, so that a
repeated webhook is one message; an address that outlives the request, so that a person can answer later; a message that
is stored before its webhook is answered; and sending that tells the truth and keeps to what the service takes
(`tandem.conversations.channel_capabilities`), because Rasa's Twilio output swallows errors, Slack's client silently
sends again, two of the clients block the loop, and all split texts at blank lines.
"""
from tandem.channels.facebook import Facebook
from tandem.channels.slack import Slack
from tandem.channels.telegram import Telegram
from tandem.channels.twilio import Twilio

__all__ = ["Facebook", "Slack", "Telegram", "Twilio"]
