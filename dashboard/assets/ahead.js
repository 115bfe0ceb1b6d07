/* The next ECGs wait, laid out and painted, beside the one on screen.

   Dash's router asks the server for a page at each change of the address; where that page waits
   already, it is shown at once and the router is told that there is nothing to change. */
(function () {
  "use strict";
  const IDLE_MS = 300; // after arrival: the first keys come before the next pages
  const UNPAINTED_MS = 200;
  const GIVE_UP_MS = 10000; // a page that did not come in this time is asked for anew
  const CONTENT = "_pages_content";
  // in the place of a page that left: with no component at all Dash keeps the old one's paths
  const NOTHING = { type: "Div", namespace: "dash_html_components", props: { className: "left" } };
  const NO_MORE = { after: null, ecgs: [], claimed: false };
  const asked = new Map(); // place -> the ECG asked for
  let current = null; // the place on screen; null: what the router brought
  let behind; // the place that was left and is to be emptied
  let next = NO_MORE;
  let away = false; // the router was asked for a page that is no ECG's to read: none waits there
  let routing = null; // the ECG whose page the router has asked for
  let count = 0;

  const places = () => [...document.querySelectorAll("#ahead > .slot")];
  const content = () => document.getElementById(CONTENT);
  const ecgIn = (box) => {
    const page = box && box.querySelector(".read");
    return page ? Number(page.dataset.ecg) : null;
  };
  const fresh = (ecg) => places().find((it) => ecgIn(it) === ecg && !it.dataset.leaving);
  const numberOf = (place) => Number(place.dataset.slot);
  const tell = (part, place, data) =>
    dash_clientside.set_props({ part: part, slot: numberOf(place) }, { data: data });
  const pathOf = (ecg) => "/read/" + ecg;
  const ecgOf = (path) => {
    const found = /^\/read\/(\d+)\/?$/.exec(path || "");
    return found ? Number(found[1]) : null;
  };

  function drop(place) {
    if (place === null) dash_clientside.set_props("left-behind", { data: ++count });
    else if (ecgIn(place) !== null && !place.dataset.leaving) {
      place.dataset.leaving = "yes";
      tell("drop", place, ++count);
    }
  }

  function expose() {
    places().forEach((it) => it.classList.toggle("waiting", it !== current));
    content().classList.toggle("waiting", current !== null);
  }

  /* When what was changed is on screen: the frame after its own begins. A window that is hidden
     has no frames. */
  const painted = () => new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));
    setTimeout(done, UNPAINTED_MS);
  });

  /* Put a page that waits on screen; false where none waits for this ECG. The page before is
     emptied once this one is painted. */
  function show(ecg) {
    const place = fresh(ecg);
    if (!place) return false;
    if (place === current) return true;
    clear();
    dash_clientside.answer.flush();
    away = false;
    behind = current;
    current = place;
    if (next.claimed) place.querySelector(".read").dataset.held = "yes"; // since it was laid out
    expose();
    document.title = "ECG " + ecg + " · TrustECG";
    dash_clientside.answer.arrive(ecg);
    painted().then(clear);
    return true;
  }
  /* A form says that its page is there; a page that asks for no answer has none. */
  function arriveUnasked() {
    const refused = content().querySelector(".read:has(.read-panel.refused)");
    if (refused && current === null) dash_clientside.answer.arrive(Number(refused.dataset.ecg));
  }
  function clear() {
    if (behind !== undefined && behind !== current) drop(behind);
    behind = undefined;
  }
  /* Whether the reader has gone on from this ECG, faster than the router came to it. */
  function isBehind(ecg) {
    return behind !== undefined && ecgIn(behind || content()) === ecg;
  }
  /* Dash learns of it after the reader: it takes longer over it than the browser over painting. */
  async function go(path) {
    const ecg = ecgOf(path);
    if (ecg !== null && show(ecg)) await painted();
    dash_clientside.set_props("location", { pathname: path });
  }

  /* One page at a time, so that no key waits for more than one. */
  function layOut() {
    places().filter((it) => it !== current && it !== behind)
      .filter((it) => ecgIn(it) !== null && !next.ecgs.includes(ecgIn(it)))
      .forEach(drop);
    if (asked.size) return;
    const ecg = next.ecgs.find((it) => !fresh(it) && it !== routing);
    if (ecg === undefined) return;
    const free = places().find((it) => it !== current && ecgIn(it) === null);
    // no ECG is in two places at once, not even on its way out
    if (!free || [content(), ...places()].some((it) => ecgIn(it) === ecg)) {
      setTimeout(layOut, 100);
      return;
    }
    asked.set(numberOf(free), ecg);
    tell("ask", free, { ecg: ecg, n: ++count });
    const giveUp = () => { if (asked.get(numberOf(free)) === ecg) asked.delete(numberOf(free)); };
    setTimeout(giveUp, GIVE_UP_MS);
  }

  const pause = () => new Promise((done) => setTimeout(done, 20));
  const onItsWay = (ecg) => [...asked.values()].includes(ecg);

  async function ready(ecg) {
    while (onItsWay(ecg)) await pause();
    while (places().some((it) => ecgIn(it) === ecg && it.dataset.leaving)) await pause();
    return Boolean(fresh(ecg));
  }

  /* Whoever leaves the ECGs takes none along: what waits on another page would be seen by nobody
     and still be there for keys. */
  function leave() {
    away = true;
    next = NO_MORE;
    places().filter((it) => it !== current).forEach(drop);
  }
  /* No ECG is in two places at once: Dash finds the components of a page by its number. The one on
     screen goes too, where it is asked for to be adjudicated. */
  async function makeRoom(ecg) {
    const there = () => places().filter((it) => ecgIn(it) === ecg);
    while (there().length || onItsWay(ecg)) {
      there().forEach(drop);
      await pause();
    }
  }
  const adjudicated = (path) => {
    const found = /^\/adjudicate\/(\d+)\/?$/.exec(path);
    return found ? Number(found[1]) : null;
  };

  /* The path that Dash's router asks for; null where it is not the router that asks. */
  function routedTo(options) {
    const body = options && options.body;
    if (typeof body !== "string" || !body.includes('"_pages_location"')) return null;
    const asks = JSON.parse(body).inputs.find((it) => it && it.property === "pathname");
    return asks ? asks.value || "" : null;
  }
  const isEcgs = (page) => page.props.className === "read";
  async function goElsewhere(path) {
    leave();
    const ecg = adjudicated(path);
    if (ecg !== null) await makeRoom(ecg);
  }

  const send = window.fetch;
  window.fetch = async function (resource, options) {
    const path = routedTo(options), ecg = ecgOf(path);
    if (ecg !== null && (await ready(ecg)) && (isBehind(ecg) || show(ecg))) {
      return new Response(null, { status: 204 });
    }
    if (path !== null) dash_clientside.answer.flush(); // the form that is left is still there
    if (path !== null && ecg === null) await goElsewhere(path);
    const answer = send.call(window, resource, options);
    if (ecg !== null) {
      routing = ecg;
      away = false;
      // the browser has nothing else to do before the answer
      setTimeout(() => dash_clientside.warm && dash_clientside.warm.up(), 0);
    }
    return answer;
  };

  /* Next unread, without asking the server which one. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest('[data-key="j"]');
    const here = button && Number(button.closest(".read").dataset.ecg);
    if (!button || next.after !== here || !next.ecgs.length || !fresh(next.ecgs[0])) return;
    event.stopPropagation();
    go(pathOf(next.ecgs[0]));
  }, true);

  window.dash_clientside = window.dash_clientside || {};
  const none = () => dash_clientside.no_update;
  window.dash_clientside.ahead = {
    go: go,
    here: function (ecg) {
      const tellHere = () =>
        dash_clientside.set_props("here", { data: { ecg: ecg, n: ++count } });
      setTimeout(tellHere, IDLE_MS);
    },
    want: function (found) {
      if (found && !away) next = found;
      layOut();
      return none();
    },
    laid: function () {
      const number = dash_clientside.callback_context.triggered_id.slot;
      asked.delete(number);
      const place = places().find((it) => numberOf(it) === number);
      if (ecgIn(place) === null) delete place.dataset.leaving;
      setTimeout(layOut, 0);
      return none();
    },
    routed: function (children) {
      if (!children || children.props.className === NOTHING.props.className) return none();
      const before = current;
      current = routing = null;
      expose();
      if (before) drop(before);
      if (!isEcgs(children)) {
        leave();
        dash_clientside.answer.leave();
      }
      painted().then(arriveUnasked);
      return none();
    },
    nothing: () => NOTHING,
  };
})();
