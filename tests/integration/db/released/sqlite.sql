BEGIN TRANSACTION;
CREATE TABLE agent_events (
	id INTEGER NOT NULL, 
	channel VARCHAR(64) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	handoff_id VARCHAR(32) NOT NULL, 
	conversation_id VARCHAR(255) NOT NULL, 
	act VARCHAR(16) NOT NULL, 
	agent_id VARCHAR(120) NOT NULL, 
	agent_name VARCHAR(120) NOT NULL, 
	text TEXT NOT NULL, 
	happened_at DATETIME, 
	sort_at DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	lease_until DATETIME, 
	error TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT one_act_an_event UNIQUE (channel, "key")
);
INSERT INTO "agent_events" VALUES(1,'chatwoot','e1','dabcd944e8c143d093e2491e80c763f7','resolved','say','anna','Anna','',NULL,'2026-11-20 09:04:19.000000','done',0,'2026-11-20 09:04:26.000000',NULL,NULL);
CREATE TABLE agents (
	id VARCHAR(120) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	password_hash VARCHAR(255) NOT NULL, 
	active BOOLEAN NOT NULL, 
	capacity INTEGER DEFAULT '5' NOT NULL, 
	away BOOLEAN DEFAULT (0) NOT NULL, 
	seen_at DATETIME, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "agents" VALUES('anna','Anna','agent','none',1,5,0,NULL,'2026-11-20 09:02:41.000000');
INSERT INTO "agents" VALUES('ben','Ben','agent','none',1,5,0,NULL,'2026-11-20 09:02:48.000000');
CREATE TABLE audit_log (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(120) NOT NULL, 
	via VARCHAR(16) NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	conversation_id VARCHAR(255), 
	detail VARCHAR(255) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_log" VALUES(1,'2026-11-29 13:41:58.294155','anna','desk','claim','resolved','');
CREATE TABLE case_entries (
	id INTEGER NOT NULL, 
	conversation_id VARCHAR(255) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	data JSON NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "case_entries" VALUES(1,'resolved','order','2026-11-20 09:02:27.000000','{"number": "TD-1001", "status": "shipped", "facts": [["expected", "tomorrow"]]}');
INSERT INTO "case_entries" VALUES(2,'waits','promise','2026-11-20 09:02:34.000000','{"text": "a call back"}');
CREATE TABLE conversations (
	id VARCHAR(255) NOT NULL, 
	channel VARCHAR(64) NOT NULL, 
	push BOOLEAN NOT NULL, 
	owner VARCHAR(16) NOT NULL, 
	epoch INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	next_seq INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	last_customer_at DATETIME, 
	last_text VARCHAR(200) NOT NULL, 
	identity JSON, 
	address JSON NOT NULL, 
	mood JSON, 
	typing_name VARCHAR(120), 
	typing_until DATETIME, 
	customer_typing_until DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "conversations" VALUES('resolved','webchat',1,'resolved',3,10,7,'2026-11-20 09:00:07.000000','2026-11-20 09:00:56.000000','2026-11-20 09:00:28.000000','Hello, this is Anna.','{"subject": "u1", "email": "ann@example.com", "name": "", "verified_by": "channel token"}','{}','{"name": "negative", "confidence": 0.9, "polarity": -0.5, "emotion": "worried", "frustration": 0.4, "urgency": 0.2, "reasons": []}',NULL,NULL,NULL);
INSERT INTO "conversations" VALUES('waits','telegram',1,'waiting',1,2,2,'2026-11-20 09:01:03.000000','2026-11-20 09:01:10.000000','2026-11-20 09:01:03.000000','My lamp is broken','null','{}',NULL,NULL,NULL,NULL);
INSERT INTO "conversations" VALUES('claimed','telegram',1,'agent',2,6,4,'2026-11-20 09:01:24.000000','2026-11-20 09:02:06.000000','2026-11-20 09:01:24.000000','I am here.','null','{}',NULL,NULL,NULL,NULL);
INSERT INTO "conversations" VALUES('interrupted','rest',1,'bot',0,1,2,'2026-11-20 09:01:52.000000','2026-11-20 09:01:52.000000','2026-11-20 09:01:52.000000','Is anybody there?','null','{}',NULL,NULL,NULL,NULL);
INSERT INTO "conversations" VALUES('pending','telegram',1,'bot',0,2,3,'2026-11-20 09:02:13.000000','2026-11-20 09:02:20.000000','2026-11-20 09:02:13.000000','What are your hours?','null','{}',NULL,NULL,NULL,NULL);
CREATE TABLE desk_sessions (
	id_hash VARCHAR(64) NOT NULL, 
	agent_id VARCHAR(120) NOT NULL, 
	csrf_token VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (id_hash), 
	FOREIGN KEY(agent_id) REFERENCES agents (id) ON DELETE CASCADE
);
INSERT INTO "desk_sessions" VALUES('0000000000000000000000000000000000000000000000000000000000000000','anna','t','2026-11-20 09:02:55.000000','2026-11-20 09:03:02.000000','2026-11-20 09:03:09.000000');
CREATE TABLE events (
	id INTEGER NOT NULL, 
	sender_id VARCHAR(255) NOT NULL, 
	type_name VARCHAR(255) NOT NULL, 
	timestamp FLOAT, 
	intent_name VARCHAR(255), 
	action_name VARCHAR(255), 
	data TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "events" VALUES(1,'resolved','action',1.0,NULL,NULL,'{"event": "action", "name": "action_session_start", "timestamp": 1.0}');
INSERT INTO "events" VALUES(2,'resolved','session_started',2.0,NULL,NULL,'{"event": "session_started", "timestamp": 2.0}');
INSERT INTO "events" VALUES(3,'resolved','user',3.0,NULL,NULL,'{"event": "user", "text": "Where is my parcel?", "timestamp": 3.0}');
CREATE TABLE fenced_replies (
	id INTEGER NOT NULL, 
	conversation_id VARCHAR(255) NOT NULL, 
	epoch INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "fenced_replies" VALUES(1,'waits',0,'late words of the bot','2026-11-20 09:01:17.000000');
CREATE TABLE handoffs (
	id VARCHAR(32) NOT NULL, 
	conversation_id VARCHAR(255) NOT NULL, 
	reason TEXT NOT NULL, 
	"trigger" VARCHAR(120) NOT NULL, 
	urgency FLOAT NOT NULL, 
	channel VARCHAR(64) NOT NULL, 
	epoch INTEGER NOT NULL, 
	opened_at DATETIME NOT NULL, 
	claimed_by VARCHAR(120), 
	claimed_at DATETIME, 
	closed_at DATETIME, 
	outcome VARCHAR(16), 
	note_for_bot TEXT NOT NULL, 
	resume BOOLEAN NOT NULL, 
	told_at DATETIME, 
	contact VARCHAR(254) DEFAULT '' NOT NULL, 
	told_with INTEGER, 
	card JSON NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "handoffs" VALUES('dabcd944e8c143d093e2491e80c763f7','resolved','Asked for a person','intent:ask_for_human',0.5,'desk',1,'2026-11-20 09:00:35.000000','anna','2026-11-20 09:00:42.000000','2026-11-20 09:00:56.000000','resolved','',0,NULL,'',NULL,'{"customer": {"email": "ann@example.com"}}');
INSERT INTO "handoffs" VALUES('e266b99d6204470d98038c4e152c9a22','waits','Broken goods','signal:anger',0.9,'desk',1,'2026-11-20 09:01:10.000000',NULL,NULL,NULL,NULL,'',0,NULL,'',NULL,'{}');
INSERT INTO "handoffs" VALUES('8ac23197c2074c2296aa7fd646ad5526','claimed','Anger','signal:anger',0.9,'desk',1,'2026-11-20 09:01:31.000000','anna','2026-11-20 09:01:38.000000',NULL,NULL,'',0,NULL,'',NULL,'{}');
CREATE TABLE identification_grants (
	conversation VARCHAR(80) NOT NULL, 
	order_number VARCHAR(64) NOT NULL, 
	granted_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (conversation, order_number)
);
INSERT INTO "identification_grants" VALUES('resolved','TD-1001','2026-11-20 09:03:44.000000','2026-11-20 09:03:51.000000');
CREATE TABLE identification_misses (
	id INTEGER NOT NULL, 
	subject VARCHAR(80) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "identification_misses" VALUES(1,'conversation:1','2026-11-20 09:03:30.000000');
CREATE TABLE identification_refusals (
	subject VARCHAR(80) NOT NULL, 
	until DATETIME NOT NULL, 
	PRIMARY KEY (subject)
);
INSERT INTO "identification_refusals" VALUES('order:1','2026-11-20 09:03:37.000000');
CREATE TABLE messages (
	id INTEGER NOT NULL, 
	conversation_id VARCHAR(255) NOT NULL, 
	seq INTEGER NOT NULL, 
	author VARCHAR(16) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	text TEXT NOT NULL, 
	data JSON NOT NULL, 
	at DATETIME NOT NULL, 
	epoch INTEGER NOT NULL, 
	client_id VARCHAR(255), 
	reply_to INTEGER, 
	intent VARCHAR(120), 
	mood JSON, 
	turn VARCHAR(8), 
	turn_lease DATETIME, 
	turn_tries INTEGER NOT NULL, 
	delivery VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	attempt_open BOOLEAN NOT NULL, 
	doubt BOOLEAN NOT NULL, 
	parts_sent INTEGER DEFAULT '0' NOT NULL, 
	next_attempt_at DATETIME, 
	lease_until DATETIME, 
	error TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT one_message_a_seq UNIQUE (conversation_id, seq), 
	CONSTRAINT one_message_a_client_id UNIQUE (conversation_id, author, client_id), 
	FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "messages" VALUES(1,'resolved',1,'customer','text','','Where is my parcel?','{}','2026-11-20 09:00:07.000000',0,'m1',NULL,'order_status','{"name": "negative", "confidence": 0.9, "polarity": -0.5, "emotion": "worried", "frustration": 0.4, "urgency": 0.2, "reasons": []}','done',NULL,1,'none',0,0,0,0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(2,'resolved',2,'bot','text','','It arrives tomorrow.','{}','2026-11-20 09:00:21.000000',0,'k1',1,NULL,NULL,NULL,NULL,1,'pending',0,0,0,0,'2026-11-20 09:00:21.000000',NULL,NULL);
INSERT INTO "messages" VALUES(3,'resolved',3,'customer','text','','A person, please','{}','2026-11-20 09:00:28.000000',0,NULL,NULL,NULL,NULL,'done',NULL,1,'none',0,0,0,0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(4,'resolved',4,'system','event','','','{"event": "agent_joined", "agent": "Anna"}','2026-11-20 09:00:42.000000',2,NULL,NULL,NULL,NULL,NULL,NULL,1,'pending',0,0,0,0,'2026-11-20 09:00:42.000000',NULL,NULL);
INSERT INTO "messages" VALUES(5,'resolved',5,'agent','text','Anna','Hello, this is Anna.','{}','2026-11-20 09:00:49.000000',2,NULL,NULL,NULL,NULL,NULL,NULL,1,'pending',0,0,0,0,'2026-11-20 09:00:49.000000',NULL,NULL);
INSERT INTO "messages" VALUES(6,'resolved',6,'system','event','','','{"event": "resolved", "agent": "Anna"}','2026-11-20 09:00:56.000000',3,NULL,NULL,NULL,NULL,NULL,NULL,1,'pending',0,0,0,0,'2026-11-20 09:00:56.000000',NULL,NULL);
INSERT INTO "messages" VALUES(7,'waits',1,'customer','text','','My lamp is broken','{}','2026-11-20 09:01:03.000000',0,NULL,NULL,NULL,NULL,'done',NULL,1,'none',0,0,0,0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(8,'claimed',1,'customer','text','','Hello?','{}','2026-11-20 09:01:24.000000',0,NULL,NULL,NULL,NULL,'done',NULL,1,'none',0,0,0,0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(9,'claimed',2,'system','event','','','{"event": "agent_joined", "agent": "Anna"}','2026-11-20 09:01:38.000000',2,NULL,NULL,NULL,NULL,NULL,NULL,1,'sent',1,0,0,0,'2026-11-20 09:01:38.000000',NULL,NULL);
INSERT INTO "messages" VALUES(10,'claimed',3,'agent','text','Anna','I am here.','{}','2026-11-20 09:01:45.000000',2,NULL,NULL,NULL,NULL,NULL,NULL,1,'pending',0,0,0,0,'2026-11-20 09:01:45.000000',NULL,NULL);
INSERT INTO "messages" VALUES(11,'interrupted',1,'customer','text','','Is anybody there?','{}','2026-11-20 09:01:52.000000',0,'i1',NULL,NULL,NULL,'open','2026-11-20 09:02:12.000000',1,'none',0,0,0,0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(12,'pending',1,'customer','text','','What are your hours?','{}','2026-11-20 09:02:13.000000',0,NULL,NULL,NULL,NULL,'done',NULL,1,'none',0,0,0,0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(13,'pending',2,'bot','text','','9 to 5.','{}','2026-11-20 09:02:20.000000',0,NULL,1,NULL,NULL,NULL,NULL,1,'pending',0,0,0,0,'2026-11-20 09:02:20.000000',NULL,NULL);
CREATE TABLE relays (
	handoff_id VARCHAR(32) NOT NULL, 
	conversation_id VARCHAR(255) NOT NULL, 
	channel VARCHAR(64) NOT NULL, 
	epoch INTEGER NOT NULL, 
	reference JSON, 
	thread VARCHAR(255), 
	relayed_seq INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	calling BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	tried_seq INTEGER NOT NULL, 
	tried_at DATETIME, 
	quiet_until DATETIME, 
	swept_at DATETIME, 
	lease_owner VARCHAR(32), 
	lease_until DATETIME, 
	error TEXT, 
	PRIMARY KEY (handoff_id)
);
INSERT INTO "relays" VALUES('dabcd944e8c143d093e2491e80c763f7','resolved','chatwoot',1,'{"thread": "7"}','7',3,'closed',0,0,'2026-11-20 09:03:58.000000',0,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE shop_order_items (
	order_number VARCHAR(64) NOT NULL, 
	line INTEGER NOT NULL, 
	sku VARCHAR(64) NOT NULL, 
	name VARCHAR(300) NOT NULL, 
	quantity INTEGER NOT NULL, 
	unit_price VARCHAR(16) NOT NULL, 
	shipment_id VARCHAR(64) DEFAULT '' NOT NULL, 
	PRIMARY KEY (order_number, line), 
	FOREIGN KEY(order_number) REFERENCES shop_orders (number) ON DELETE CASCADE
);
INSERT INTO "shop_order_items" VALUES('TD-10421',1,'KET-210','Enamel kettle, 2 litres, sage',1,'54.00','TD-10421-1');
INSERT INTO "shop_order_items" VALUES('TD-10388',1,'RUG-118','Wool rug, 120 x 180 cm, oat',1,'189.00','TD-10388-1');
CREATE TABLE shop_order_writes (
	idempotency_key VARCHAR(64) NOT NULL, 
	order_number VARCHAR(64) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (idempotency_key)
);
CREATE TABLE shop_orders (
	number VARCHAR(64) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	customer_name VARCHAR(200) NOT NULL, 
	status VARCHAR(32) NOT NULL, 
	placed_at DATETIME NOT NULL, 
	total VARCHAR(16) NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	address_name VARCHAR(200) NOT NULL, 
	street VARCHAR(300) NOT NULL, 
	city VARCHAR(200) NOT NULL, 
	postcode VARCHAR(20) NOT NULL, 
	region VARCHAR(100) DEFAULT '' NOT NULL, 
	country VARCHAR(2) DEFAULT 'US' NOT NULL, 
	membership VARCHAR(16) DEFAULT 'standard' NOT NULL, 
	payment_method VARCHAR(16) DEFAULT 'card' NOT NULL, 
	payment_due_by DATETIME, 
	cancelled_at DATETIME, 
	PRIMARY KEY (number)
);
INSERT INTO "shop_orders" VALUES('TD-10421','on-time@example.com','Ava Sandoval','shipped','2026-11-17 10:00:00.000000','54.00','USD','Ava Sandoval','645 Harrison St','San Francisco','94107','CA','US','standard','card',NULL,NULL);
INSERT INTO "shop_orders" VALUES('TD-10388','late@example.com','Marcus Reed','shipped','2026-11-10 14:00:00.000000','189.00','USD','Marcus Reed','2218 N Clark St','Chicago','60614','IL','US','standard','card',NULL,NULL);
CREATE TABLE shop_refunds (
	order_number VARCHAR(64) NOT NULL, 
	amount VARCHAR(16) NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	method VARCHAR(16) NOT NULL, 
	requested_at DATETIME NOT NULL, 
	issued_at DATETIME, 
	least_days INTEGER NOT NULL, 
	most_days INTEGER NOT NULL, 
	PRIMARY KEY (order_number), 
	FOREIGN KEY(order_number) REFERENCES shop_orders (number) ON DELETE CASCADE
);
CREATE TABLE shop_returns (
	order_number VARCHAR(64) NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	skus JSON NOT NULL, 
	reason VARCHAR(32) NOT NULL, 
	created_at DATETIME NOT NULL, 
	send_by DATETIME NOT NULL, 
	label_url VARCHAR(500) DEFAULT '' NOT NULL, 
	received_at DATETIME, 
	PRIMARY KEY (order_number), 
	FOREIGN KEY(order_number) REFERENCES shop_orders (number) ON DELETE CASCADE, 
	UNIQUE (id)
);
CREATE TABLE shop_shipments (
	order_number VARCHAR(64) NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	service VARCHAR(16) DEFAULT 'standard' NOT NULL, 
	carrier VARCHAR(100) DEFAULT '' NOT NULL, 
	tracking_number VARCHAR(100) DEFAULT '' NOT NULL, 
	tracking_url VARCHAR(500) DEFAULT '' NOT NULL, 
	ships_by DATETIME, 
	shipped_at DATETIME, 
	promised_by DATETIME, 
	expected_by DATETIME, 
	delivered_at DATETIME, 
	scan_at DATETIME, 
	scan_place VARCHAR(200), 
	scan_event VARCHAR(32), 
	investigation_since DATETIME, 
	PRIMARY KEY (order_number, id), 
	FOREIGN KEY(order_number) REFERENCES shop_orders (number) ON DELETE CASCADE
);
INSERT INTO "shop_shipments" VALUES('TD-10421','TD-10421-1','in_transit','standard','Northbound Parcel','NB1042101US','https://track.example.com/NB1042101US',NULL,'2026-11-18 16:00:00.000000','2026-11-21 15:00:00.000000','2026-11-21 15:00:00.000000',NULL,'2026-11-20 05:40:00.000000','Oakland, CA','departed',NULL);
INSERT INTO "shop_shipments" VALUES('TD-10388','TD-10388-1','held','standard','Northbound Parcel','NB1038801US','https://track.example.com/NB1038801US',NULL,'2026-11-12 15:00:00.000000','2026-11-16 20:00:00.000000','2026-11-23 20:00:00.000000',NULL,'2026-11-15 07:15:00.000000','Gary, IN','held',NULL);
CREATE TABLE sign_in_attempts (
	id INTEGER NOT NULL, 
	agent_id VARCHAR(120) NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	succeeded BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "sign_in_attempts" VALUES(1,'anna','127.0.0.1','2026-11-20 09:03:16.000000',0);
INSERT INTO "sign_in_attempts" VALUES(2,'anna','127.0.0.1','2026-11-20 09:03:23.000000',1);
CREATE TABLE webhooks (
	id INTEGER NOT NULL, 
	channel VARCHAR(64) NOT NULL, 
	delivery_id VARCHAR(255) NOT NULL, 
	body BLOB NOT NULL, 
	received_at DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	error TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT one_webhook_a_delivery UNIQUE (channel, delivery_id)
);
INSERT INTO "webhooks" VALUES(1,'chatwoot','d1',X'','2026-11-20 09:04:05.000000','done',0,'2026-11-20 09:04:12.000000',NULL);
CREATE INDEX ix_conversations_updated_at ON conversations (updated_at);
CREATE INDEX conversations_by_owner ON conversations (owner, updated_at);
CREATE INDEX case_entries_of_conversation ON case_entries (conversation_id, id);
CREATE INDEX messages_to_deliver ON messages (delivery, next_attempt_at) WHERE delivery = 'pending';
CREATE INDEX messages_open_turns ON messages (turn_lease) WHERE turn = 'open';
CREATE UNIQUE INDEX one_open_handoff ON handoffs (conversation_id) WHERE closed_at IS NULL;
CREATE INDEX handoffs_of_conversation ON handoffs (conversation_id, opened_at);
CREATE INDEX relays_of_conversation ON relays (conversation_id, epoch);
CREATE INDEX relays_due ON relays (state, channel, next_attempt_at);
CREATE INDEX relays_by_thread ON relays (channel, thread);
CREATE INDEX webhooks_to_do ON webhooks (id) WHERE state = 'todo';
CREATE INDEX agent_events_to_do ON agent_events (conversation_id, sort_at, id) WHERE state = 'todo';
CREATE INDEX agent_events_of_handoff ON agent_events (handoff_id);
CREATE INDEX identification_misses_subject_at ON identification_misses (subject, at);
CREATE INDEX ix_identification_misses_at ON identification_misses (at);
CREATE INDEX attempts_by_address ON sign_in_attempts (address, at);
CREATE INDEX attempts_by_agent ON sign_in_attempts (agent_id, at);
CREATE INDEX ix_audit_log_conversation_id ON audit_log (conversation_id);
CREATE INDEX ix_audit_log_at ON audit_log (at);
CREATE INDEX ix_desk_sessions_agent_id ON desk_sessions (agent_id);
CREATE INDEX shop_orders_email_placed_at ON shop_orders (email, placed_at);
CREATE INDEX ix_shop_order_writes_order_number ON shop_order_writes (order_number);
CREATE INDEX ix_events_sender_id ON events (sender_id);
COMMIT;
