"""What leans on the insides of Rasa Open Source, in one place, for the version that `version` names.

Of Rasa's private or undocumented parts these are used; a new version of Rasa is tried against this list:

- `graph_runner`: `DaskGraphRunner._graph_schema` and `_instantiated_nodes`.
- `rule_policy`: `RulePolicy._prediction_states`, `_find_action_from_rules`, `_get_possible_keys`, its lookups' form.
- `action_result`: `RemoteAction._validate_action_result` and `action_response_format_spec`.
- `shortcuts`: that four of Rasa's modules copy through a module named `copy`; `FormAction._temporary_tracker`;
  `Event.resolve_by_type`; the attributes of `Slot`.
- `install`: `GraphNode._component`; `Domain.is_empty`; the attributes of `MessageProcessor`.
- `cached_tracker`: `DialogueStateTracker` with its attributes, `init_copy`, `applied_events`, `past_states`;
  `Domain.get_active_state` and `_clean_state`.
- `tracker_store`: the table of `SQLTrackerStore`; `TrackerStore.stream_events`; `FailSafeTrackerStore._tracker_store`.
- `locks`: `LockStore`, `TicketLock`, and that `Agent` and `MessageProcessor` hold the same lock store.
- `action_endpoint`: `EndpointConfig.request`, `combine_parameters`, and `MessageProcessor.action_endpoint`.
- `live_model`: the attributes of `Agent` and `MessageProcessor`, and `metadata.json` in a model's archive.
- `topic_importer`: `RasaFileImporter._nlu_files`.
- `tandem.gateway.rasa_server`: `rasa.core.run.configure_app`.
"""
