SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.agent_events (
    id bigint NOT NULL,
    channel character varying(64) NOT NULL,
    key character varying(255) NOT NULL,
    handoff_id character varying(32) NOT NULL,
    conversation_id character varying(255) NOT NULL,
    act character varying(16) NOT NULL,
    agent_id character varying(120) NOT NULL,
    agent_name character varying(120) NOT NULL,
    text text NOT NULL,
    happened_at timestamp with time zone,
    sort_at timestamp with time zone NOT NULL,
    state character varying(16) NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone,
    error text
);

CREATE SEQUENCE public.agent_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.agent_events_id_seq OWNED BY public.agent_events.id;

CREATE TABLE public.agents (
    id character varying(120) NOT NULL,
    name character varying(120) NOT NULL,
    role character varying(16) NOT NULL,
    password_hash character varying(255) NOT NULL,
    active boolean NOT NULL,
    capacity integer DEFAULT 5 NOT NULL,
    away boolean DEFAULT false NOT NULL,
    seen_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor character varying(120) NOT NULL,
    via character varying(16) NOT NULL,
    action character varying(40) NOT NULL,
    conversation_id character varying(255),
    detail character varying(255) NOT NULL
);

CREATE SEQUENCE public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.audit_log_id_seq OWNED BY public.audit_log.id;

CREATE TABLE public.case_entries (
    id bigint NOT NULL,
    conversation_id character varying(255) NOT NULL,
    kind character varying(16) NOT NULL,
    at timestamp with time zone NOT NULL,
    data json NOT NULL
);

CREATE SEQUENCE public.case_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.case_entries_id_seq OWNED BY public.case_entries.id;

CREATE TABLE public.conversations (
    id character varying(255) NOT NULL,
    channel character varying(64) NOT NULL,
    push boolean NOT NULL,
    owner character varying(16) NOT NULL,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    next_seq integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    last_customer_at timestamp with time zone,
    last_text character varying(200) NOT NULL,
    identity json,
    address json NOT NULL,
    mood json,
    typing_name character varying(120),
    typing_until timestamp with time zone,
    customer_typing_until timestamp with time zone
);

CREATE TABLE public.desk_sessions (
    id_hash character varying(64) NOT NULL,
    agent_id character varying(120) NOT NULL,
    csrf_token character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.events (
    id integer NOT NULL,
    sender_id character varying(255) NOT NULL,
    type_name character varying(255) NOT NULL,
    "timestamp" double precision,
    intent_name character varying(255),
    action_name character varying(255),
    data text
);

CREATE SEQUENCE public.events_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;

CREATE TABLE public.fenced_replies (
    id bigint NOT NULL,
    conversation_id character varying(255) NOT NULL,
    epoch integer NOT NULL,
    text text NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.fenced_replies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.fenced_replies_id_seq OWNED BY public.fenced_replies.id;

CREATE TABLE public.handoffs (
    id character varying(32) NOT NULL,
    conversation_id character varying(255) NOT NULL,
    reason text NOT NULL,
    trigger character varying(120) NOT NULL,
    urgency double precision NOT NULL,
    channel character varying(64) NOT NULL,
    epoch integer NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    claimed_by character varying(120),
    claimed_at timestamp with time zone,
    closed_at timestamp with time zone,
    outcome character varying(16),
    note_for_bot text NOT NULL,
    resume boolean NOT NULL,
    told_at timestamp with time zone,
    contact character varying(254) DEFAULT ''::character varying NOT NULL,
    told_with integer,
    card json NOT NULL
);

CREATE TABLE public.identification_grants (
    conversation character varying(80) NOT NULL,
    order_number character varying(64) NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.identification_misses (
    id integer NOT NULL,
    subject character varying(80) NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.identification_misses_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.identification_misses_id_seq OWNED BY public.identification_misses.id;

CREATE TABLE public.identification_refusals (
    subject character varying(80) NOT NULL,
    until timestamp with time zone NOT NULL
);

CREATE TABLE public.messages (
    id bigint NOT NULL,
    conversation_id character varying(255) NOT NULL,
    seq integer NOT NULL,
    author character varying(16) NOT NULL,
    kind character varying(16) NOT NULL,
    name character varying(120) NOT NULL,
    text text NOT NULL,
    data json NOT NULL,
    at timestamp with time zone NOT NULL,
    epoch integer NOT NULL,
    client_id character varying(255),
    reply_to integer,
    intent character varying(120),
    mood json,
    turn character varying(8),
    turn_lease timestamp with time zone,
    turn_tries integer NOT NULL,
    delivery character varying(16) NOT NULL,
    attempts integer NOT NULL,
    attempt_open boolean NOT NULL,
    doubt boolean NOT NULL,
    parts_sent integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    lease_until timestamp with time zone,
    error text
);

CREATE SEQUENCE public.messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.messages_id_seq OWNED BY public.messages.id;

CREATE TABLE public.relays (
    handoff_id character varying(32) NOT NULL,
    conversation_id character varying(255) NOT NULL,
    channel character varying(64) NOT NULL,
    epoch integer NOT NULL,
    reference json,
    thread character varying(255),
    relayed_seq integer NOT NULL,
    state character varying(16) NOT NULL,
    calling boolean NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    tried_seq integer NOT NULL,
    tried_at timestamp with time zone,
    quiet_until timestamp with time zone,
    swept_at timestamp with time zone,
    lease_owner character varying(32),
    lease_until timestamp with time zone,
    error text
);

CREATE TABLE public.shop_order_items (
    order_number character varying(64) NOT NULL,
    line integer NOT NULL,
    sku character varying(64) NOT NULL,
    name character varying(300) NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12,2) NOT NULL,
    shipment_id character varying(64) DEFAULT ''::character varying NOT NULL
);

CREATE TABLE public.shop_order_writes (
    idempotency_key character varying(64) NOT NULL,
    order_number character varying(64) NOT NULL,
    fingerprint character varying(64) NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.shop_orders (
    number character varying(64) NOT NULL,
    email character varying(254) NOT NULL,
    customer_name character varying(200) NOT NULL,
    status character varying(32) NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    total numeric(12,2) NOT NULL,
    currency character varying(3) NOT NULL,
    address_name character varying(200) NOT NULL,
    street character varying(300) NOT NULL,
    city character varying(200) NOT NULL,
    postcode character varying(20) NOT NULL,
    region character varying(100) DEFAULT ''::character varying NOT NULL,
    country character varying(2) DEFAULT 'US'::character varying NOT NULL,
    membership character varying(16) DEFAULT 'standard'::character varying NOT NULL,
    payment_method character varying(16) DEFAULT 'card'::character varying NOT NULL,
    payment_due_by timestamp with time zone,
    cancelled_at timestamp with time zone
);

CREATE TABLE public.shop_refunds (
    order_number character varying(64) NOT NULL,
    amount numeric(12,2) NOT NULL,
    state character varying(32) NOT NULL,
    method character varying(16) NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    issued_at timestamp with time zone,
    least_days integer NOT NULL,
    most_days integer NOT NULL
);

CREATE TABLE public.shop_returns (
    order_number character varying(64) NOT NULL,
    id character varying(64) NOT NULL,
    skus json NOT NULL,
    reason character varying(32) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    send_by timestamp with time zone NOT NULL,
    label_url character varying(500) DEFAULT ''::character varying NOT NULL,
    received_at timestamp with time zone
);

CREATE TABLE public.shop_shipments (
    order_number character varying(64) NOT NULL,
    id character varying(64) NOT NULL,
    state character varying(32) NOT NULL,
    service character varying(16) DEFAULT 'standard'::character varying NOT NULL,
    carrier character varying(100) DEFAULT ''::character varying NOT NULL,
    tracking_number character varying(100) DEFAULT ''::character varying NOT NULL,
    tracking_url character varying(500) DEFAULT ''::character varying NOT NULL,
    ships_by timestamp with time zone,
    shipped_at timestamp with time zone,
    promised_by timestamp with time zone,
    expected_by timestamp with time zone,
    delivered_at timestamp with time zone,
    scan_at timestamp with time zone,
    scan_place character varying(200),
    scan_event character varying(32),
    investigation_since timestamp with time zone
);

CREATE TABLE public.sign_in_attempts (
    id bigint NOT NULL,
    agent_id character varying(120) NOT NULL,
    address character varying(64) NOT NULL,
    at timestamp with time zone NOT NULL,
    succeeded boolean NOT NULL
);

CREATE SEQUENCE public.sign_in_attempts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.sign_in_attempts_id_seq OWNED BY public.sign_in_attempts.id;

CREATE TABLE public.webhooks (
    id bigint NOT NULL,
    channel character varying(64) NOT NULL,
    delivery_id character varying(255) NOT NULL,
    body bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    state character varying(16) NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    error text
);

CREATE SEQUENCE public.webhooks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.webhooks_id_seq OWNED BY public.webhooks.id;

ALTER TABLE ONLY public.agent_events ALTER COLUMN id SET DEFAULT nextval('public.agent_events_id_seq'::regclass);

ALTER TABLE ONLY public.audit_log ALTER COLUMN id SET DEFAULT nextval('public.audit_log_id_seq'::regclass);

ALTER TABLE ONLY public.case_entries ALTER COLUMN id SET DEFAULT nextval('public.case_entries_id_seq'::regclass);

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);

ALTER TABLE ONLY public.fenced_replies ALTER COLUMN id SET DEFAULT nextval('public.fenced_replies_id_seq'::regclass);

ALTER TABLE ONLY public.identification_misses ALTER COLUMN id SET DEFAULT nextval('public.identification_misses_id_seq'::regclass);

ALTER TABLE ONLY public.messages ALTER COLUMN id SET DEFAULT nextval('public.messages_id_seq'::regclass);

ALTER TABLE ONLY public.sign_in_attempts ALTER COLUMN id SET DEFAULT nextval('public.sign_in_attempts_id_seq'::regclass);

ALTER TABLE ONLY public.webhooks ALTER COLUMN id SET DEFAULT nextval('public.webhooks_id_seq'::regclass);

INSERT INTO public.agent_events (id, channel, key, handoff_id, conversation_id, act, agent_id, agent_name, text, happened_at, sort_at, state, attempts, next_attempt_at, lease_until, error) VALUES (1, 'chatwoot', 'e1', '9c21968850fb41898ff96029668a37d0', 'resolved', 'say', 'anna', 'Anna', '', NULL, '2026-11-20 09:04:19+00', 'done', 0, '2026-11-20 09:04:26+00', NULL, NULL);

INSERT INTO public.agents (id, name, role, password_hash, active, capacity, away, seen_at, created_at) VALUES ('anna', 'Anna', 'agent', 'none', true, 5, false, NULL, '2026-11-20 09:02:41+00');
INSERT INTO public.agents (id, name, role, password_hash, active, capacity, away, seen_at, created_at) VALUES ('ben', 'Ben', 'agent', 'none', true, 5, false, NULL, '2026-11-20 09:02:48+00');

INSERT INTO public.audit_log (id, at, actor, via, action, conversation_id, detail) VALUES (1, '2026-11-29 13:42:00.753058+00', 'anna', 'desk', 'claim', 'resolved', '');

INSERT INTO public.case_entries (id, conversation_id, kind, at, data) VALUES (1, 'resolved', 'order', '2026-11-20 09:02:27+00', '{"number": "TD-1001", "status": "shipped", "facts": [["expected", "tomorrow"]]}');
INSERT INTO public.case_entries (id, conversation_id, kind, at, data) VALUES (2, 'waits', 'promise', '2026-11-20 09:02:34+00', '{"text": "a call back"}');

INSERT INTO public.conversations (id, channel, push, owner, epoch, revision, next_seq, created_at, updated_at, last_customer_at, last_text, identity, address, mood, typing_name, typing_until, customer_typing_until) VALUES ('resolved', 'webchat', true, 'resolved', 3, 10, 7, '2026-11-20 09:00:07+00', '2026-11-20 09:00:56+00', '2026-11-20 09:00:28+00', 'Hello, this is Anna.', '{"subject": "u1", "email": "ann@example.com", "name": "", "verified_by": "channel token"}', '{}', '{"name": "negative", "confidence": 0.9, "polarity": -0.5, "emotion": "worried", "frustration": 0.4, "urgency": 0.2, "reasons": []}', NULL, NULL, NULL);
INSERT INTO public.conversations (id, channel, push, owner, epoch, revision, next_seq, created_at, updated_at, last_customer_at, last_text, identity, address, mood, typing_name, typing_until, customer_typing_until) VALUES ('waits', 'telegram', true, 'waiting', 1, 2, 2, '2026-11-20 09:01:03+00', '2026-11-20 09:01:10+00', '2026-11-20 09:01:03+00', 'My lamp is broken', 'null', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.conversations (id, channel, push, owner, epoch, revision, next_seq, created_at, updated_at, last_customer_at, last_text, identity, address, mood, typing_name, typing_until, customer_typing_until) VALUES ('interrupted', 'rest', true, 'bot', 0, 1, 2, '2026-11-20 09:01:52+00', '2026-11-20 09:01:52+00', '2026-11-20 09:01:52+00', 'Is anybody there?', 'null', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.conversations (id, channel, push, owner, epoch, revision, next_seq, created_at, updated_at, last_customer_at, last_text, identity, address, mood, typing_name, typing_until, customer_typing_until) VALUES ('claimed', 'telegram', true, 'agent', 2, 6, 4, '2026-11-20 09:01:24+00', '2026-11-20 09:02:06+00', '2026-11-20 09:01:24+00', 'I am here.', 'null', '{}', NULL, NULL, NULL, NULL);
INSERT INTO public.conversations (id, channel, push, owner, epoch, revision, next_seq, created_at, updated_at, last_customer_at, last_text, identity, address, mood, typing_name, typing_until, customer_typing_until) VALUES ('pending', 'telegram', true, 'bot', 0, 2, 3, '2026-11-20 09:02:13+00', '2026-11-20 09:02:20+00', '2026-11-20 09:02:13+00', 'What are your hours?', 'null', '{}', NULL, NULL, NULL, NULL);

INSERT INTO public.desk_sessions (id_hash, agent_id, csrf_token, created_at, seen_at, expires_at) VALUES ('0000000000000000000000000000000000000000000000000000000000000000', 'anna', 't', '2026-11-20 09:02:55+00', '2026-11-20 09:03:02+00', '2026-11-20 09:03:09+00');

INSERT INTO public.events (id, sender_id, type_name, "timestamp", intent_name, action_name, data) VALUES (1, 'resolved', 'action', 1, NULL, NULL, '{"event": "action", "name": "action_session_start", "timestamp": 1.0}');
INSERT INTO public.events (id, sender_id, type_name, "timestamp", intent_name, action_name, data) VALUES (2, 'resolved', 'session_started', 2, NULL, NULL, '{"event": "session_started", "timestamp": 2.0}');
INSERT INTO public.events (id, sender_id, type_name, "timestamp", intent_name, action_name, data) VALUES (3, 'resolved', 'user', 3, NULL, NULL, '{"event": "user", "text": "Where is my parcel?", "timestamp": 3.0}');

INSERT INTO public.fenced_replies (id, conversation_id, epoch, text, at) VALUES (1, 'waits', 0, 'late words of the bot', '2026-11-20 09:01:17+00');

INSERT INTO public.handoffs (id, conversation_id, reason, trigger, urgency, channel, epoch, opened_at, claimed_by, claimed_at, closed_at, outcome, note_for_bot, resume, told_at, contact, told_with, card) VALUES ('9c21968850fb41898ff96029668a37d0', 'resolved', 'Asked for a person', 'intent:ask_for_human', 0.5, 'desk', 1, '2026-11-20 09:00:35+00', 'anna', '2026-11-20 09:00:42+00', '2026-11-20 09:00:56+00', 'resolved', '', false, NULL, '', NULL, '{"customer": {"email": "ann@example.com"}}');
INSERT INTO public.handoffs (id, conversation_id, reason, trigger, urgency, channel, epoch, opened_at, claimed_by, claimed_at, closed_at, outcome, note_for_bot, resume, told_at, contact, told_with, card) VALUES ('eb35566017c64979926f5b49925331cf', 'waits', 'Broken goods', 'signal:anger', 0.9, 'desk', 1, '2026-11-20 09:01:10+00', NULL, NULL, NULL, NULL, '', false, NULL, '', NULL, '{}');
INSERT INTO public.handoffs (id, conversation_id, reason, trigger, urgency, channel, epoch, opened_at, claimed_by, claimed_at, closed_at, outcome, note_for_bot, resume, told_at, contact, told_with, card) VALUES ('2236c6b770ad40179f8b7c126f3ecc66', 'claimed', 'Anger', 'signal:anger', 0.9, 'desk', 1, '2026-11-20 09:01:31+00', 'anna', '2026-11-20 09:01:38+00', NULL, NULL, '', false, NULL, '', NULL, '{}');

INSERT INTO public.identification_grants (conversation, order_number, granted_at, expires_at) VALUES ('resolved', 'TD-1001', '2026-11-20 09:03:44+00', '2026-11-20 09:03:51+00');

INSERT INTO public.identification_misses (id, subject, at) VALUES (1, 'conversation:1', '2026-11-20 09:03:30+00');

INSERT INTO public.identification_refusals (subject, until) VALUES ('order:1', '2026-11-20 09:03:37+00');

INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (2, 'resolved', 2, 'bot', 'text', '', 'It arrives tomorrow.', '{}', '2026-11-20 09:00:21+00', 0, 'k1', 1, NULL, NULL, NULL, NULL, 1, 'pending', 0, false, false, 0, '2026-11-20 09:00:21+00', NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (1, 'resolved', 1, 'customer', 'text', '', 'Where is my parcel?', '{}', '2026-11-20 09:00:07+00', 0, 'm1', NULL, 'order_status', '{"name": "negative", "confidence": 0.9, "polarity": -0.5, "emotion": "worried", "frustration": 0.4, "urgency": 0.2, "reasons": []}', 'done', NULL, 1, 'none', 0, false, false, 0, NULL, NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (4, 'resolved', 4, 'system', 'event', '', '', '{"event": "agent_joined", "agent": "Anna"}', '2026-11-20 09:00:42+00', 2, NULL, NULL, NULL, NULL, NULL, NULL, 1, 'pending', 0, false, false, 0, '2026-11-20 09:00:42+00', NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (5, 'resolved', 5, 'agent', 'text', 'Anna', 'Hello, this is Anna.', '{}', '2026-11-20 09:00:49+00', 2, NULL, NULL, NULL, NULL, NULL, NULL, 1, 'pending', 0, false, false, 0, '2026-11-20 09:00:49+00', NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (6, 'resolved', 6, 'system', 'event', '', '', '{"event": "resolved", "agent": "Anna"}', '2026-11-20 09:00:56+00', 3, NULL, NULL, NULL, NULL, NULL, NULL, 1, 'pending', 0, false, false, 0, '2026-11-20 09:00:56+00', NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (3, 'resolved', 3, 'customer', 'text', '', 'A person, please', '{}', '2026-11-20 09:00:28+00', 0, NULL, NULL, NULL, NULL, 'done', NULL, 1, 'none', 0, false, false, 0, NULL, NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (7, 'waits', 1, 'customer', 'text', '', 'My lamp is broken', '{}', '2026-11-20 09:01:03+00', 0, NULL, NULL, NULL, NULL, 'done', NULL, 1, 'none', 0, false, false, 0, NULL, NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (8, 'claimed', 1, 'customer', 'text', '', 'Hello?', '{}', '2026-11-20 09:01:24+00', 0, NULL, NULL, NULL, NULL, 'done', NULL, 1, 'none', 0, false, false, 0, NULL, NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (10, 'claimed', 3, 'agent', 'text', 'Anna', 'I am here.', '{}', '2026-11-20 09:01:45+00', 2, NULL, NULL, NULL, NULL, NULL, NULL, 1, 'pending', 0, false, false, 0, '2026-11-20 09:01:45+00', NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (11, 'interrupted', 1, 'customer', 'text', '', 'Is anybody there?', '{}', '2026-11-20 09:01:52+00', 0, 'i1', NULL, NULL, NULL, 'open', '2026-11-20 09:02:12+00', 1, 'none', 0, false, false, 0, NULL, NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (9, 'claimed', 2, 'system', 'event', '', '', '{"event": "agent_joined", "agent": "Anna"}', '2026-11-20 09:01:38+00', 2, NULL, NULL, NULL, NULL, NULL, NULL, 1, 'sent', 1, false, false, 0, '2026-11-20 09:01:38+00', NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (13, 'pending', 2, 'bot', 'text', '', '9 to 5.', '{}', '2026-11-20 09:02:20+00', 0, NULL, 1, NULL, NULL, NULL, NULL, 1, 'pending', 0, false, false, 0, '2026-11-20 09:02:20+00', NULL, NULL);
INSERT INTO public.messages (id, conversation_id, seq, author, kind, name, text, data, at, epoch, client_id, reply_to, intent, mood, turn, turn_lease, turn_tries, delivery, attempts, attempt_open, doubt, parts_sent, next_attempt_at, lease_until, error) VALUES (12, 'pending', 1, 'customer', 'text', '', 'What are your hours?', '{}', '2026-11-20 09:02:13+00', 0, NULL, NULL, NULL, NULL, 'done', NULL, 1, 'none', 0, false, false, 0, NULL, NULL, NULL);

INSERT INTO public.relays (handoff_id, conversation_id, channel, epoch, reference, thread, relayed_seq, state, calling, attempts, next_attempt_at, tried_seq, tried_at, quiet_until, swept_at, lease_owner, lease_until, error) VALUES ('9c21968850fb41898ff96029668a37d0', 'resolved', 'chatwoot', 1, '{"thread": "7"}', '7', 3, 'closed', false, 0, '2026-11-20 09:03:58+00', 0, NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO public.shop_order_items (order_number, line, sku, name, quantity, unit_price, shipment_id) VALUES ('TD-10421', 1, 'KET-210', 'Enamel kettle, 2 litres, sage', 1, 54.00, 'TD-10421-1');
INSERT INTO public.shop_order_items (order_number, line, sku, name, quantity, unit_price, shipment_id) VALUES ('TD-10388', 1, 'RUG-118', 'Wool rug, 120 x 180 cm, oat', 1, 189.00, 'TD-10388-1');

INSERT INTO public.shop_orders (number, email, customer_name, status, placed_at, total, currency, address_name, street, city, postcode, region, country, membership, payment_method, payment_due_by, cancelled_at) VALUES ('TD-10421', 'on-time@example.com', 'Ava Sandoval', 'shipped', '2026-11-17 10:00:00+00', 54.00, 'USD', 'Ava Sandoval', '645 Harrison St', 'San Francisco', '94107', 'CA', 'US', 'standard', 'card', NULL, NULL);
INSERT INTO public.shop_orders (number, email, customer_name, status, placed_at, total, currency, address_name, street, city, postcode, region, country, membership, payment_method, payment_due_by, cancelled_at) VALUES ('TD-10388', 'late@example.com', 'Marcus Reed', 'shipped', '2026-11-10 14:00:00+00', 189.00, 'USD', 'Marcus Reed', '2218 N Clark St', 'Chicago', '60614', 'IL', 'US', 'standard', 'card', NULL, NULL);

INSERT INTO public.shop_shipments (order_number, id, state, service, carrier, tracking_number, tracking_url, ships_by, shipped_at, promised_by, expected_by, delivered_at, scan_at, scan_place, scan_event, investigation_since) VALUES ('TD-10421', 'TD-10421-1', 'in_transit', 'standard', 'Northbound Parcel', 'NB1042101US', 'https://track.example.com/NB1042101US', NULL, '2026-11-18 16:00:00+00', '2026-11-21 15:00:00+00', '2026-11-21 15:00:00+00', NULL, '2026-11-20 05:40:00+00', 'Oakland, CA', 'departed', NULL);
INSERT INTO public.shop_shipments (order_number, id, state, service, carrier, tracking_number, tracking_url, ships_by, shipped_at, promised_by, expected_by, delivered_at, scan_at, scan_place, scan_event, investigation_since) VALUES ('TD-10388', 'TD-10388-1', 'held', 'standard', 'Northbound Parcel', 'NB1038801US', 'https://track.example.com/NB1038801US', NULL, '2026-11-12 15:00:00+00', '2026-11-16 20:00:00+00', '2026-11-23 20:00:00+00', NULL, '2026-11-15 07:15:00+00', 'Gary, IN', 'held', NULL);

INSERT INTO public.sign_in_attempts (id, agent_id, address, at, succeeded) VALUES (1, 'anna', '127.0.0.1', '2026-11-20 09:03:16+00', false);
INSERT INTO public.sign_in_attempts (id, agent_id, address, at, succeeded) VALUES (2, 'anna', '127.0.0.1', '2026-11-20 09:03:23+00', true);

INSERT INTO public.webhooks (id, channel, delivery_id, body, received_at, state, attempts, next_attempt_at, error) VALUES (1, 'chatwoot', 'd1', '\x', '2026-11-20 09:04:05+00', 'done', 0, '2026-11-20 09:04:12+00', NULL);

SELECT pg_catalog.setval('public.agent_events_id_seq', 1, true);

SELECT pg_catalog.setval('public.audit_log_id_seq', 1, true);

SELECT pg_catalog.setval('public.case_entries_id_seq', 2, true);

SELECT pg_catalog.setval('public.events_id_seq', 3, true);

SELECT pg_catalog.setval('public.fenced_replies_id_seq', 1, true);

SELECT pg_catalog.setval('public.identification_misses_id_seq', 1, true);

SELECT pg_catalog.setval('public.messages_id_seq', 13, true);

SELECT pg_catalog.setval('public.sign_in_attempts_id_seq', 2, true);

SELECT pg_catalog.setval('public.webhooks_id_seq', 1, true);

ALTER TABLE ONLY public.agent_events
    ADD CONSTRAINT agent_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.case_entries
    ADD CONSTRAINT case_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.desk_sessions
    ADD CONSTRAINT desk_sessions_pkey PRIMARY KEY (id_hash);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.fenced_replies
    ADD CONSTRAINT fenced_replies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.handoffs
    ADD CONSTRAINT handoffs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.identification_grants
    ADD CONSTRAINT identification_grants_pkey PRIMARY KEY (conversation, order_number);

ALTER TABLE ONLY public.identification_misses
    ADD CONSTRAINT identification_misses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.identification_refusals
    ADD CONSTRAINT identification_refusals_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.agent_events
    ADD CONSTRAINT one_act_an_event UNIQUE (channel, key);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT one_message_a_client_id UNIQUE (conversation_id, author, client_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT one_message_a_seq UNIQUE (conversation_id, seq);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT one_webhook_a_delivery UNIQUE (channel, delivery_id);

ALTER TABLE ONLY public.relays
    ADD CONSTRAINT relays_pkey PRIMARY KEY (handoff_id);

ALTER TABLE ONLY public.shop_order_items
    ADD CONSTRAINT shop_order_items_pkey PRIMARY KEY (order_number, line);

ALTER TABLE ONLY public.shop_order_writes
    ADD CONSTRAINT shop_order_writes_pkey PRIMARY KEY (idempotency_key);

ALTER TABLE ONLY public.shop_orders
    ADD CONSTRAINT shop_orders_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.shop_refunds
    ADD CONSTRAINT shop_refunds_pkey PRIMARY KEY (order_number);

ALTER TABLE ONLY public.shop_returns
    ADD CONSTRAINT shop_returns_id_key UNIQUE (id);

ALTER TABLE ONLY public.shop_returns
    ADD CONSTRAINT shop_returns_pkey PRIMARY KEY (order_number);

ALTER TABLE ONLY public.shop_shipments
    ADD CONSTRAINT shop_shipments_pkey PRIMARY KEY (order_number, id);

ALTER TABLE ONLY public.sign_in_attempts
    ADD CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);

CREATE INDEX agent_events_of_handoff ON public.agent_events USING btree (handoff_id);

CREATE INDEX agent_events_to_do ON public.agent_events USING btree (conversation_id, sort_at, id) WHERE ((state)::text = 'todo'::text);

CREATE INDEX attempts_by_address ON public.sign_in_attempts USING btree (address, at);

CREATE INDEX attempts_by_agent ON public.sign_in_attempts USING btree (agent_id, at);

CREATE INDEX case_entries_of_conversation ON public.case_entries USING btree (conversation_id, id);

CREATE INDEX conversations_by_owner ON public.conversations USING btree (owner, updated_at);

CREATE INDEX handoffs_of_conversation ON public.handoffs USING btree (conversation_id, opened_at);

CREATE INDEX identification_misses_subject_at ON public.identification_misses USING btree (subject, at);

CREATE INDEX ix_audit_log_at ON public.audit_log USING btree (at);

CREATE INDEX ix_audit_log_conversation_id ON public.audit_log USING btree (conversation_id);

CREATE INDEX ix_conversations_updated_at ON public.conversations USING btree (updated_at);

CREATE INDEX ix_desk_sessions_agent_id ON public.desk_sessions USING btree (agent_id);

CREATE INDEX ix_events_sender_id ON public.events USING btree (sender_id);

CREATE INDEX ix_identification_misses_at ON public.identification_misses USING btree (at);

CREATE INDEX ix_shop_order_writes_order_number ON public.shop_order_writes USING btree (order_number);

CREATE INDEX messages_open_turns ON public.messages USING btree (turn_lease) WHERE ((turn)::text = 'open'::text);

CREATE INDEX messages_to_deliver ON public.messages USING btree (delivery, next_attempt_at) WHERE ((delivery)::text = 'pending'::text);

CREATE UNIQUE INDEX one_open_handoff ON public.handoffs USING btree (conversation_id) WHERE (closed_at IS NULL);

CREATE INDEX relays_by_thread ON public.relays USING btree (channel, thread);

CREATE INDEX relays_due ON public.relays USING btree (state, channel, next_attempt_at);

CREATE INDEX relays_of_conversation ON public.relays USING btree (conversation_id, epoch);

CREATE INDEX shop_orders_email_placed_at ON public.shop_orders USING btree (email, placed_at);

CREATE INDEX webhooks_to_do ON public.webhooks USING btree (id) WHERE ((state)::text = 'todo'::text);

ALTER TABLE ONLY public.desk_sessions
    ADD CONSTRAINT desk_sessions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.fenced_replies
    ADD CONSTRAINT fenced_replies_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.handoffs
    ADD CONSTRAINT handoffs_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.shop_order_items
    ADD CONSTRAINT shop_order_items_order_number_fkey FOREIGN KEY (order_number) REFERENCES public.shop_orders(number) ON DELETE CASCADE;

ALTER TABLE ONLY public.shop_refunds
    ADD CONSTRAINT shop_refunds_order_number_fkey FOREIGN KEY (order_number) REFERENCES public.shop_orders(number) ON DELETE CASCADE;

ALTER TABLE ONLY public.shop_returns
    ADD CONSTRAINT shop_returns_order_number_fkey FOREIGN KEY (order_number) REFERENCES public.shop_orders(number) ON DELETE CASCADE;

ALTER TABLE ONLY public.shop_shipments
    ADD CONSTRAINT shop_shipments_order_number_fkey FOREIGN KEY (order_number) REFERENCES public.shop_orders(number) ON DELETE CASCADE;
