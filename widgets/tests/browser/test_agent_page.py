"""An agent's page in a browser: the playground, the knowledge, and an import, by keyboard too."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import refuse, stream_of
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.process_fixtures import StartServer
from widgets.tests.browser.staff import (
    findings,
    known_to_the_server,
    on_the_next_page,
    open_tab,
    sign_in,
)

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def agent(transactional_db: None, acme: Organization, alice: User) -> TextAgent:
    known_to_the_server(alice)
    return make_agent(acme)


async def test_playground_uses_unsaved_settings(
    page: Page, live_server_process: StartServer, agent: TextAgent
) -> None:
    async with ScriptedEndpoint() as endpoint:
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        await sign_in(page, server.url)
        await page.goto(f"{server.url}/admin/agents/textagent/{agent.pk}/change/")
        log, field = page.get_by_role("log", name="Try"), page.get_by_label("Message", exact=True)
        await field.fill("Can I return it?")
        await field.press("Enter")
        await expect(log.get_by_text("You can return anything unused")).to_be_visible()
        await expect(log.get_by_role("link", name="Returns")).to_be_visible()
        await expect(log.get_by_text("builtin:knowledge")).to_be_hidden()
        await log.get_by_text("Details", exact=True).click()
        await expect(log.get_by_text("builtin:knowledge")).to_be_visible()
        async with page.expect_popup() as opened:
            await log.get_by_role("button", name="Keep as a test question").click()
        test = await opened.value
        await expect(test.get_by_label("Question", exact=True)).to_have_value("Can I return it?")
        await expect(test.get_by_label("Entry").locator(":checked")).to_have_text("Returns")
        await test.get_by_role("button", name="Add question").click()
        await expect(test.get_by_text("The question was added.")).to_be_visible()
        await test.close()
        await open_tab(page, "Advanced")
        await page.get_by_label("Model", exact=True).fill("openai-chat:hang")
        await open_tab(page, "Answers")
        await page.get_by_label("Instructions").fill("Be brief.")
        await field.fill("And now?")
        await field.press("Enter")
        await expect(log.get_by_text("Half an")).to_be_visible()
        await page.get_by_role("button", name="Stop").click()
        await expect(log.get_by_text("Stopped.")).to_be_visible()
        [request] = endpoint.requests
        assert "Be brief." in str(request.body)
        assert "You can return anything" in str(request.body)
        await open_tab(page, "Advanced")
        await page.get_by_label("Model", exact=True).fill("nobody:x")
        await field.fill("Hello?")
        await field.press("Enter")
        await expect(log.get_by_text("There is no provider")).to_be_visible()
        await expect(field).to_have_value("Hello?")
        assert await findings(page) == []
    await in_database(agent.refresh_from_db)
    assert (agent.model, agent.instructions) == ("builtin:knowledge", "")


async def test_fields_that_the_choice_ignores_are_hidden(
    page: Page, live_server_process: StartServer, agent: TextAgent
) -> None:
    server = live_server_process(OPENAI_MODELS="small,large")
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/agents/textagent/{agent.pk}/change/")
    choice, instructions = page.get_by_label("Answers come from"), page.get_by_label("Instructions")
    await expect(choice.locator("option")).to_have_text([
        "Built-in search, no key needed", "AI model small", "AI model large",
        "Another model (under Advanced)",
    ])  # fmt: skip
    await expect(instructions).to_be_hidden()
    await expect(page.get_by_text("follows no instructions")).to_be_visible()
    assert "builtin:" not in await page.locator("body").inner_text()
    await choice.select_option("AI model large")
    await expect(page.get_by_text("You have unsaved changes")).to_be_visible()
    await instructions.fill("Be brief.")
    await choice.select_option("Built-in search, no key needed")
    await expect(instructions).to_be_hidden()
    await choice.select_option("Another model (under Advanced)")
    await expect(page.get_by_label("Model", exact=True)).to_be_focused()
    await expect(page.get_by_label("Temperature")).to_be_hidden()
    await page.get_by_label("Model", exact=True).fill("openai-chat:other")
    await expect(page.get_by_label("Temperature")).to_be_visible()
    await page.get_by_label("Temperature").fill("9")
    await page.get_by_role("button", name="Save and continue editing").click()
    mistaken = page.get_by_role("tab", selected=True)
    await expect(mistaken).to_have_accessible_name("Advanced 1 error")
    await on_the_next_page(mistaken)
    await page.get_by_label("Temperature").fill("0.5")
    await page.get_by_role("button", name="Save and continue editing").click()
    # Nothing listens at the server's address: the page says so, and what to do.
    await expect(page.get_by_text("Nothing answers at the AI service's address")).to_be_visible()
    await expect(page.get_by_text("Ask the person who runs this server")).to_be_visible()
    await in_database(agent.refresh_from_db)
    assert (agent.model, agent.instructions) == ("openai-chat:other", "Be brief.")
    assert agent.temperature == 0.5


async def test_playground_shows_refusals_and_cut_answers(
    page: Page, live_server_process: StartServer, agent: TextAgent
) -> None:
    async with ScriptedEndpoint() as endpoint:
        server = live_server_process(OPENAI_BASE_URL=endpoint.base_url)
        await sign_in(page, server.url)
        await page.goto(f"{server.url}/admin/agents/textagent/{agent.pk}/change/")
        notes = page.get_by_label("What this AI refuses")
        await expect(notes).to_be_hidden()
        endpoint.push(
            refuse(400, "Unsupported parameter: 'temperature'"),
            stream_of(
                {"choices": [{"delta": {"content": "They ask.\n"}}]},
                {"choices": [{"delta": {"content": "</think>\nHalf an ans"}}]},
                {"choices": [{"delta": {}, "finish_reason": "length"}]},
            ),
        )
        await open_tab(page, "Advanced")
        await page.get_by_label("Model", exact=True).fill("openai-chat:any")
        await page.get_by_label("Temperature").fill("0.5")
        field = page.get_by_label("Message", exact=True)
        await field.fill("How long does it take?")
        await field.press("Enter")
        log = page.get_by_role("log", name="Try")
        await expect(log.get_by_text("cut off at the maximum answer length")).to_be_visible()
        await expect(log.get_by_text("Half an ans")).to_be_visible()
        await expect(log.get_by_text("They ask.")).to_have_count(0)
        await expect(notes).to_contain_text("does not accept a temperature")
        assert await findings(page) == []


async def test_entries_are_edited_without_leaving_the_page(
    page: Page, live_server_process: StartServer, agent: TextAgent, tmp_path: Path
) -> None:
    server = live_server_process()
    tents = AgentQuestion(agent=agent, question="Do you repair tents?", expect="none")
    await in_database(tents.save)
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/agents/textagent/{agent.pk}/change/")
    await page.get_by_label("Name", exact=True).fill("Half typed")
    await open_tab(page, "Knowledge")
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_in_viewport()
    await page.get_by_role("button", name="Add entry…").press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Title")).to_be_focused()
    await page.keyboard.type("Hours")
    await page.keyboard.press("Escape")
    await expect(dialog.get_by_role("alert")).to_contain_text("Your changes are not saved yet")
    await dialog.get_by_label("Text").fill("Nine to six.")
    await dialog.get_by_label("Link (optional)").fill("example")
    await dialog.get_by_role("button", name="Save entry").press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("Link: Enter a valid URL")
    assert await findings(page) == []
    await dialog.get_by_label("Link (optional)").fill("example.com/hours")
    await dialog.get_by_role("button", name="Save entry").press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("row", name="Hours")).to_contain_text("12 characters")
    await page.get_by_role("button", name="Edit Hours").press("Enter")
    await expect(dialog.get_by_label("Text")).to_have_value("Nine to six.")
    await dialog.get_by_label("Text").fill("We repair tents.")
    await dialog.get_by_role("button", name="Check first").press("Enter")
    check = dialog.get_by_role("group", name="What the change does to the test questions")
    await expect(check.get_by_role("listitem")).to_have_text(["Do you repair tents?"])
    await expect(dialog.get_by_role("status")).to_have_text("Nothing is saved yet.")
    assert await findings(page) == []
    await dialog.get_by_label("Text").fill("Nine to seven.")
    await expect(check).to_be_hidden()
    await dialog.get_by_role("button", name="Cancel").press("Enter")
    await page.get_by_role("button", name="Delete Hours").press("Enter")
    await dialog.get_by_role("button", name="Delete").press("Enter")
    await expect(page.get_by_role("row", name="Hours")).to_have_count(0)

    good, bad = tmp_path / "guide.md", tmp_path / "photo.png"
    good.write_text("# Washing\n\nCold only.", encoding="utf-8")
    bad.write_bytes(b"\x89PNG")
    await page.get_by_role("button", name="Import files…").press("Enter")
    await dialog.get_by_label("Files").set_input_files([good, bad])
    await dialog.get_by_role("button", name="Import").press("Enter")
    await expect(dialog.get_by_role("heading", name="1 entry added, 1 skipped:")).to_be_visible()
    await expect(dialog).to_contain_text("guide.md: 1 entry")
    await expect(dialog).to_contain_text("photo.png: Only Markdown, CSV, HTML and text files")
    await expect(dialog.get_by_role("button", name="Import")).to_be_hidden()
    assert await findings(page) == []
    await dialog.get_by_role("button", name="Close").press("Enter")
    await expect(page.get_by_role("row", name="Washing")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Half typed")
    titles = await in_database(lambda: set(KnowledgeEntry.objects.values_list("title", flat=True)))
    assert titles == {"Shipping", "Returns", "Washing"}


async def test_file_without_a_stated_encoding_is_added_after_a_choice_from_samples(
    page: Page, live_server_process: StartServer, agent: TextAgent, tmp_path: Path
) -> None:
    server = live_server_process()
    await sign_in(page, server.url)
    await page.goto(f"{server.url}/admin/agents/textagent/{agent.pk}/change/")
    table, skipped = tmp_path / "faq.csv", tmp_path / "other.txt"
    table.write_bytes("title;text\r\nFrakt;Paketen når Göteborg på två dagar\r\n".encode("cp1252"))
    skipped.write_bytes("Zwölf".encode("cp1252"))
    await open_tab(page, "Knowledge")
    await page.get_by_role("button", name="Import files…").press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Files").set_input_files([table, skipped])
    await dialog.get_by_role("button", name="Import").press("Enter")
    question = dialog.get_by_role("group", name="How does faq.csv read correctly?")
    western = question.get_by_role("radio", name="Western European (Windows)")
    await expect(western).to_be_focused()
    await expect(western).not_to_be_checked()
    use = question.get_by_role("button", name="Use this encoding")
    await expect(use).to_be_disabled()
    await expect(question).to_contain_text("Frakt;Paketen når Göteborg på två dagar")
    assert await findings(page) == []
    await page.keyboard.press("Space")
    await use.press("Enter")
    question = dialog.get_by_role("group", name="How does other.txt read correctly?")
    await question.get_by_role("button", name="Skip this file").press("Enter")
    await expect(dialog.get_by_role("heading", name="1 entry added, 1 skipped:")).to_be_visible()
    await expect(dialog).to_contain_text("other.txt: Line 1 is not UTF-8 text.")
    await dialog.get_by_role("button", name="Close").press("Enter")
    await expect(page.get_by_role("row", name="Frakt")).to_be_visible()
    texts = await in_database(lambda: set(KnowledgeEntry.objects.values_list("content", flat=True)))
    assert "Paketen når Göteborg på två dagar" in texts
    assert not any("Zw" in text for text in texts)
