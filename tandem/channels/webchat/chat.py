"""What the web chat's handlers of one server process share, and who may read and write a conversation."""
from __future__ import annotations

import asyncio

from rasa.core.channels.channel import InputChannel
from sanic.request import Request

from tandem.channels.credentials import WebChatOptions
from tandem.channels.webchat import http
from tandem.channels.webchat.assets import Assets
from tandem.channels.webchat.http import NoSession, OtherConversation, SignedOut
from tandem.channels.webchat.json_messages import Places
from tandem.channels.webchat.limits import Limits
from tandem.channels.webchat.sessions import SessionTokens
from tandem.channels.webchat.stream import Streams
from tandem.conversations.model import Conversation, Identity, InboundMessage
from tandem.conversations.sessions import CLOSED, CustomerSessions, SessionClaim, opens
from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.runtime import Runtime

CONVERSATION = "X-Tandem-Conversation"  # the header in which a page says which conversation it shows


class Chat:
    """The web chat of one server process."""

    def __init__(
        self, runtime: Runtime, channel: InputChannel, options: WebChatOptions, on_new_message: OnNewMessage,
    ) -> None:
        self.runtime = runtime
        self.channel = channel
        self.options = options
        self.on_new_message = on_new_message
        self.tokens = SessionTokens(runtime.settings.secret_key)
        self.sessions = CustomerSessions(runtime.ledger, runtime.services.identification)
        self.limits = Limits(options)
        self.assets = Assets(runtime.settings.shop_name)
        self.streams = Streams(runtime, Places(runtime.ledger), options.streams_per_address)

    def claim_of(self, request: Request) -> SessionClaim:
        """Read the session that the request carries; `admit` says whether it still opens the conversation.

        Raises:
            NoSession: There is no good token.
            OtherConversation: The page shows another conversation than the token's.
        """
        claim = self.tokens.read(http.read_bearer(request))
        shown = request.headers.get(CONVERSATION)
        if shown is not None and shown != claim.conversation_id:
            raise OtherConversation("The session is another conversation's than the page shows.")
        return claim

    async def admit(self, claim: SessionClaim) -> Conversation:
        """Return the conversation, if the session still opens it.

        Raises:
            NoSession: The session has been renewed.
            SignedOut: The session has ended for good.
            ConversationNotFound: The conversation was erased.
        """
        conversation = await asyncio.to_thread(self.runtime.ledger.conversation, claim.conversation_id)
        if not opens(claim, conversation):
            raise SignedOut() if conversation.session == CLOSED else NoSession("The session token has been renewed.")
        return conversation

    def open(self, claim: SessionClaim | None, identity: Identity | None) -> tuple[Conversation, bool]:
        """Return the conversation to go on with, or a new one, and whether it is an earlier one; blocking."""
        resumed = self.sessions.resume(claim, identity) if claim is not None else None
        if resumed is not None:
            return resumed, True
        fresh = InboundMessage(self.tokens.new_conversation_id(), self.channel.name(), "", push=False,
                               identity=identity)
        return self.runtime.ledger.start(fresh), False

    def address_of(self, request: Request) -> str:
        """Return the address that limits count by."""
        return http.address_of(request, self.options.proxies or self.runtime.settings.proxies)
