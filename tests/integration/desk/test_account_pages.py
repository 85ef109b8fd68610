"""The pages of accounts in a real browser."""
from __future__ import annotations

from playwright.sync_api import Browser, expect

from tandem.agents.accounts import Role, check_password, find
from tandem.services import Services
from tests.integration.desk.conftest import PASSWORD, desk_of

OTHER = "another long phrase"


def test_an_admin_manages_accounts(browser: Browser, address: str, services: Services) -> None:
    with desk_of("ada", browser, address) as page:
        page.get_by_role("link", name="Accounts").click()
        anna = page.locator("tr[data-account=anna]")
        anna.get_by_label("Role of Anna Berg").select_option("supervisor")
        expect(page.locator("#said")).to_have_text("anna is changed.")
        anna.get_by_role("button", name="New password").click()
        page.get_by_label("New password", exact=True).fill(OTHER)
        page.get_by_role("button", name="Set password").click()
        expect(page.locator("#said")).to_have_text("anna has a new password.")
        page.locator("tr[data-account=sam]").get_by_role("button", name="Delete").click()
        page.locator("#sure").get_by_role("button", name="Cancel").click()
        expect(page.locator("tr[data-account=sam]")).to_be_visible()
        page.locator("tr[data-account=sam]").get_by_role("button", name="Delete").click()
        page.locator("#sure").get_by_role("button", name="Delete").click()
        expect(page.locator("tr[data-account=sam]")).to_have_count(0)
        page.locator("tr[data-account=ada]").get_by_role("button", name="Close").click()
        page.locator("#sure").get_by_role("button", name="Close").click()
        expect(page.locator("#said")).to_contain_text("last open account with the role admin")
    changed = check_password(services.engine, "anna", OTHER)
    assert changed is not None and changed.role is Role.SUPERVISOR
    assert find(services.engine, "sam") is None


def test_an_agent_changes_the_own_password(browser: Browser, address: str, services: Services) -> None:
    with desk_of("anna", browser, address) as page:
        page.get_by_role("link", name="Anna Berg").click()
        for label, value in (("Present password", PASSWORD), ("New password", OTHER), ("The new one again", "else")):
            page.get_by_label(label).fill(value + "x" * 12 if value == "else" else value)
        page.get_by_role("button", name="Change password").click()
        expect(page.locator("#said")).to_have_text("The two new passwords differ.")
        page.get_by_label("The new one again").fill(OTHER)
        page.get_by_role("button", name="Change password").click()
        expect(page.locator("#said")).to_have_text("Your password is changed.")
        page.get_by_role("link", name="Desk").click()
        expect(page.get_by_role("navigation", name="Queue")).to_be_visible()
    assert check_password(services.engine, "anna", OTHER) is not None
