"""What goes wrong is told as what it is, and until it goes well: no other success wipes it."""

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Desk
from tests.browser.hands import EMAIL, UPDATE, answer_blind, at_ecg, divert

TICK = "dash_clientside.set_props('hold-tick', { n_intervals: Date.now() % 1e6 })"
REFUSED = ("500", "Callback error")
OFFLINE = ("ERR_INTERNET_DISCONNECTED", "Failed to fetch", "Callback failed")


def opened(desk: Desk, tolerated: tuple[str, ...]) -> Page:
    """ECG 1, on which the browser may complain of this."""
    desk.watch.tolerated = tolerated
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    return page


def fail(page: Page, what: str) -> None:
    """The server cannot do what Dash asks for with this in its request."""

    def answer(route: Route) -> None:
        if what in (route.request.post_data or ""):
            route.fulfill(status=500)
        else:
            route.continue_()

    divert(page, UPDATE, answer)


def tick(page: Page) -> None:
    """What happens every four minutes, whether or not anybody is there."""
    with page.expect_response(UPDATE):
        page.evaluate(TICK)


def test_an_idle_tick_that_fails_is_no_save(desk: Desk) -> None:
    page = opened(desk, REFUSED)
    page.wait_for_timeout(1000)  # the page has asked for all that it asks for by itself
    fail(page, "hold-tick")
    tick(page)
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("Not up to date since")
    expect(trouble).not_to_contain_text("saved")
    page.keyboard.press("+")
    expect(page.locator(".paper .annotation text").first).to_contain_text("20")
    expect(trouble).to_be_visible()  # the paper is no word on it
    page.unroute(UPDATE)
    tick(page)
    expect(trouble).to_have_count(0)


def test_that_the_page_alone_found_no_connection_is_told_until_there_is_one(desk: Desk) -> None:
    page = opened(desk, OFFLINE)
    page.wait_for_timeout(1000)
    page.context.set_offline(True)
    page.evaluate(TICK)
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("Not up to date since")
    page.context.set_offline(False)
    page.keyboard.press("+")
    expect(trouble).to_have_count(0)


def test_a_draft_that_failed_is_told_until_it_is_saved(desk: Desk) -> None:
    page = opened(desk, REFUSED)
    fail(page, "unsaved")
    page.keyboard.press("2")
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("Not saved at")
    expect(trouble).to_contain_text("What you entered is kept here")
    tick(page)
    page.wait_for_timeout(300)
    expect(trouble).to_contain_text("Not saved at")
    page.unroute(UPDATE)
    page.keyboard.press("r")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    expect(trouble).to_have_count(0)


def test_what_is_too_long_is_to_be_shortened_and_not_tried_again(desk: Desk) -> None:
    page = opened(desk, ("413", "Callback error"))
    # the field takes 10,000 characters: this much comes from elsewhere, and React hears of it so
    page.get_by_title("Comment").evaluate(
        """box => {
            box.removeAttribute("maxlength");
            const own = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
            own.set.call(box, "a".repeat(2 ** 20));
            box.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("it is too long. Shorten it. What you entered is kept here.")
    page.get_by_title("Comment").fill("short")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    expect(trouble).to_have_count(0)


def test_an_answer_that_is_stored_has_saved_its_draft(desk: Desk) -> None:
    page = opened(desk, REFUSED)
    fail(page, "unsaved")
    page.keyboard.press("n")
    expect(page.locator("#trouble")).to_contain_text("Not saved at")
    answer_blind(page)
    expect(page.locator("#trouble")).to_have_count(0)


def test_a_press_that_failed_is_told_until_its_page_is_left(desk: Desk) -> None:
    page = opened(desk, REFUSED)
    fail(page, '"part":"next"')
    page.keyboard.press("j")
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("Not done at")
    page.keyboard.press("w")
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    expect(trouble).to_have_count(0)
