"""Parts of a page that are sent as HTML: what is made of them, and what is left as it is."""

from dash import dcc, html

from dashboard.components.still import Still, still


def test_words_become_one_element_with_html_inside() -> None:
    line = html.P(["At ", html.Time("12:04", dateTime="2026-11-28"), None, 3], className="quiet")
    made = still(line)
    assert isinstance(made, Still)
    assert (made.tag, made.attributes) == ("p", {"className": "quiet"})
    assert made.inside == 'At <time datetime="2026-11-28">12:04</time>3'


def test_what_is_written_is_never_taken_for_html() -> None:
    comment = html.P(["<img src=x onerror=alert(1)>", html.B("a & b", title='"><script>')])
    assert still(comment).inside == (
        '&lt;img src=x onerror=alert(1)&gt;<b title="&#34;&gt;&lt;script&gt;">a &amp; b</b>'
    )


def test_attributes_are_those_that_react_would_give() -> None:
    inner = html.Div(
        className="bar",
        hidden=True,
        style={"--value": 0.3, "backgroundColor": "red"},
        tabIndex="0",
        **{"aria-hidden": "true", "data-nth": "2"},
    )
    assert still(html.Div(inner)).inside == (
        '<div aria-hidden="true" class="bar" data-nth="2" hidden="" '
        'style="--value:0.3;background-color:red" tabindex="0"></div>'
    )
    assert still(html.Div(html.Label("x", htmlFor="y"))).inside == '<label for="y">x</label>'
    assert still(html.Div(html.Div(hidden=False))).inside == "<div></div>"


def test_what_a_callback_may_change_stays_a_component() -> None:
    named = html.Span("saved", id="status")
    link = dcc.Link("ECG 2", href="/read/2")
    page = still(html.Div([html.P("still"), html.Div([named, html.B("also")]), link]))
    first, second, third = page.children
    assert isinstance(page, html.Div)
    assert isinstance(first, Still)
    assert second.children[0] is named
    assert isinstance(second.children[1], Still)
    assert third is link


def test_what_a_named_component_holds_may_still_be_still() -> None:
    button = still(html.Button(["Next ", html.Kbd("j")], id="next"))
    assert isinstance(button, html.Button)
    assert (button.children[0], button.children[1].tag) == ("Next ", "kbd")


def test_an_element_without_an_end_stays_a_component() -> None:
    page = still(html.Div(["one", html.Br(), "two"]))
    assert isinstance(page, html.Div)
    assert isinstance(page.children[1], html.Br)
