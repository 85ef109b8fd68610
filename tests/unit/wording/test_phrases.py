"""Notices are words of the designer: a change is said at once, and a broken file takes no words away."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tandem.wording.phrases import NoticeError, fresh_notice, notice


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    later = path.stat().st_mtime_ns + 1_000_000_000  # file systems may count in coarse steps
    os.utime(path, ns=(later, later))


def test_a_changed_notice_is_said_at_once_and_a_broken_file_takes_none_away(tmp_path: Path) -> None:
    path = tmp_path / "notices.yml"
    write(path, "responses: {utter_notice_closed: [{text: Closed}]}")
    assert notice("closed", path) == "Closed"
    write(path, "responses: {utter_notice_closed: [{text: Shut for today}]}")
    os.utime(path, ns=(1, 1))
    assert notice("closed", path) == "Shut for today"
    for broken in ("responses: {utter_", "responses: {utter_notice_closed: []}", "- a list", "responses: 3"):
        write(path, broken)
        assert notice("closed", path) == "Shut for today"
    path.unlink()
    assert notice("closed", path) == "Shut for today"


def test_a_notice_that_never_was_is_an_error_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "notices.yml"
    write(path, "responses: {}")
    with pytest.raises(NoticeError, match="utter_notice_closed"):
        notice("closed", path)


def test_of_several_variations_the_one_for_the_reason_is_said_first_and_none_for_another(tmp_path: Path) -> None:
    path = tmp_path / "notices.yml"
    write(path, """responses:
      utter_notice_noted:
        - text: Noted.
        - {condition: [{type: slot, name: mood, value: upset}], text: "Noted, sorry."}
        - {condition: [{type: slot, name: handoff_reason, value: grief}], text: "Thank you for telling me."}
        - {condition: [{type: slot, name: handoff_reason, value: law}], text: On record.}
    """)
    said: list[str] = []
    for _ in range(3):
        said.append(fresh_notice("noted", said, path, {"mood": "", "handoff_reason": "grief"}))
    assert said == ["Thank you for telling me.", "Noted.", "Thank you for telling me."]
    assert fresh_notice("noted", [], path, {"mood": "upset", "handoff_reason": ""}) == "Noted, sorry."
    assert fresh_notice("noted", [], path) == "Noted."
