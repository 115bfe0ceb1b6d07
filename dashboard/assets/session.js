/* A lost session or a save that failed is never silent: Dash itself shows neither.

   An answer that finds no connection waits and goes out by itself; its idempotency key makes sure
   that it is stored once, however often it is sent. */
(function () {
  "use strict";
  const FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 5000; // between two tries to send an answer
  const SILENT = "the server does not answer";
  const SLOW_MS = 1500; // after which it is told that an answer is on its way
  const NO_SERVER = [502, 503, 504]; // a proxy that finds none behind it
  const send = window.fetch;
  const clock = () => new Date().toLocaleTimeString("en-GB");
  let waiting = 0; // answers that have not gone out
  let leaving = false; // to sign in: a second call would break off the first

  /* What went wrong is told until that very thing goes well, or its page is left: another success
     is no word on it. */
  const ANSWERS = "answers"; // whatever page is on screen
  const troubles = new Map(); // what failed -> what is told of it

  /* more.draftOf: the ECG whose draft was not saved; more.passing: over once the server is heard */
  function tell(what, words, more) {
    troubles.delete(what); // the last one is shown
    troubles.set(what, { words: words, path: location.pathname, ...more });
    show();
  }
  function mend(what) {
    const isOver = (trouble) => trouble.passing || trouble.path !== location.pathname;
    troubles.delete(what);
    for (const [other, trouble] of troubles) {
      if (other !== ANSWERS && isOver(trouble)) troubles.delete(other);
    }
    show();
  }
  /* An answer that is stored holds what a draft of it would have kept. */
  function mendDrafts(ecg) {
    for (const [what, { draftOf }] of troubles) if (draftOf === ecg) troubles.delete(what);
  }
  function show() {
    const told = troubles.get(ANSWERS) || [...troubles.values()].at(-1);
    say(told ? told.words : "");
  }
  function say(text) {
    let place = document.getElementById("trouble");
    if (!text) return place && place.remove();
    if (!place) {
      place = document.createElement("div");
      place.id = "trouble";
      place.setAttribute("role", "alert");
      document.body.append(place);
    }
    if (place.textContent !== text) place.textContent = text; // told once, not at every success
  }

  function signInAgain() {
    const here = location.pathname + location.search;
    waiting = 0; // the draft stays in this browser: leaving loses nothing
    const signsOut = dash_clientside.kept.signsOut(); // who does is asked what is to become of it
    if (!leaving && !signsOut) location.assign("/login?ended=1&next=" + encodeURIComponent(here));
    leaving = !signsOut;
    return new Promise(() => {}); // nothing may be shown as an answer any more
  }

  function token() {
    const found = /(?:^|; )_csrf_token=([^;]*)/.exec(document.cookie);
    return found ? decodeURIComponent(found[1]) : "";
  }

  function reason(status) {
    if (status === 400) return "this page is out of date. Reload it";
    if (status === 403) return "your role does not allow it. Reload the page";
    if (status === 413) return "it is too long. Shorten it"; // again would be refused again
    return "the server could not do it (" + status + "). Try again";
  }
  const unsaved = (why) =>
    "Not saved at " + clock() + ": " + why + ". What you entered is kept here.";

  /* Of a request of Dash's: the components that it is for, and what has caused it. */
  function asked(options) {
    const { outputs = null, changedPropIds = [] } = JSON.parse((options && options.body) || "{}");
    return { what: JSON.stringify(outputs), causes: changedPropIds.join(" "), outputs: outputs };
  }
  const DRAFT = /"part":"unsaved"/, SETTLED = /"part":"settle"/, PRESSED = /n_clicks/;
  const OF_ITSELF = /n_intervals|^here\.data|"part":"ask"/; // nobody has done anything
  function words(causes, why) {
    if (DRAFT.test(causes) || SETTLED.test(causes)) return unsaved(why);
    if (PRESSED.test(causes)) return "Not done at " + clock() + ": " + why + ".";
    return "Not up to date since " + clock() + ": " + why + "."; // nothing was being saved
  }
  function failed(options, why) {
    const { what, causes, outputs } = asked(options);
    tell(what, words(causes, why), {
      draftOf: DRAFT.test(causes) ? [outputs].flat()[0].id.ecg : null,
      passing: why === SILENT && OF_ITSELF.test(causes),
    });
  }
  function wentWell(options) {
    if (troubles.size) mend(asked(options).what);
  }

  const connectionBack = (ms) => new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
  });

  function sayWaiting(since) {
    const several = waiting > 1;
    const many = several ? waiting + " answers are" : "Your answer is";
    const them = several ? "They go out by themselves, once each," : "It goes out by itself, once,";
    tell(ANSWERS, many + " not saved yet: no connection to the server since " + since + ". " + them
      + " when the connection is back. Leave this window open.");
  }

  /* What comes after an answer that is stored: its form takes no other, so this must come too. */
  const asksOnward = (options) => {
    const body = options && options.body;
    return typeof body === "string" && /"changedPropIds":\["[^\]]*\\"stored\\"/.test(body);
  };
  const sayOnward = (options) => (since) => tell(asked(options).what, "Your answer is saved. What "
    + "follows is not here yet: no connection to the server since " + since + ".");

  /* What the server answered; null where it was half of it, or somebody else. */
  async function answered(url, options) {
    const response = await heardAt(url, options);
    const said = response && response.ok ? await response.json() : null;
    return response && { status: response.status, said: said };
  }
  async function heardAt(resource, options) {
    const response = await send.call(window, resource, options);
    return NO_SERVER.includes(response.status) ? null : response;
  }

  /* Ask until the server answers; each time that it does not is told, with the time of the
     first. */
  async function untilHeard(ask, sayWhen) {
    let wait = FIRST_WAIT_MS, since = null;
    for (;;) {
      const answer = await ask().catch(() => null);
      if (answer) return answer;
      since = since || clock();
      sayWhen(since);
      await connectionBack(wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  async function sendOnce(resource, options) {
    try {
      return await send.call(window, resource, options);
    } catch (error) {
      failed(options, SILENT);
      throw error;
    }
  }

  /* What the server has, a draft or the verdict that it was of, needs no place here. Its form may
     be left by now: what Dash would make of the response then is nothing. A verdict is stored where
     nothing is said of it. */
  async function confirmStored(response, options) {
    const { state = [], outputs, changedPropIds = [] } = JSON.parse(options.body);
    const causes = changedPropIds.join(" "), settles = SETTLED.test(causes);
    if (response.status !== 200 || !(settles || DRAFT.test(causes))) return;
    const said = await response.clone().json().catch(() => null);
    const parts = said ? Object.values(said.response) : [];
    const saved = parts.find(({ data }) => data && data.payload);
    if (saved) dash_clientside.answer.confirmed(saved.data, state[0].value);
    const unrefused = settles && parts.some(({ children }) => children === "");
    if (unrefused) dash_clientside.adjudicate.stored([outputs].flat()[0].id.ecg);
  }

  function heard(response, options) {
    if (response.status === 401) return signInAgain();
    if (!response.ok) failed(options, reason(response.status));
    else {
      wentWell(options);
      if (options && options.body) confirmStored(response, options);
    }
    return response;
  }

  /* In another window of this browser somebody else may have signed in: what this page asks is
     none of theirs, and its answers would be stored as theirs. */
  const drawnFor = (headers) => {
    return { ...headers, "X-TrustECG-Person": document.documentElement.dataset.person };
  };

  window.fetch = async function (resource, given) {
    const url = String(resource && resource.url ? resource.url : resource);
    if (!url.includes("/_dash-") || url.includes("/_dash-component-suites/")) {
      return send.call(window, resource, given);
    }
    const options = { ...given, headers: drawnFor(given && given.headers) };
    if (!asksOnward(options)) return heard(await sendOnce(resource, options), options);
    const onward = await untilHeard(() => heardAt(resource, options), sayOnward(options));
    return heard(onward, options);
  };

  /* What the server says of an answer. That it could not take it stays in the form: the next
     draft that it can take is no word on the answer. */
  async function sendAnswer(url, answer) {
    const body = JSON.stringify(answer);
    const ask = () => { // whoever signed in again meanwhile has another token
      const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
      return answered(url, { method: "POST", headers: drawnFor(headers), body: body });
    };
    let late = false;
    const slow = setTimeout(() => tell(ANSWERS, "Your answer is being saved."), SLOW_MS);
    const { status, said } = await untilHeard(ask, (since) => {
      clearTimeout(slow);
      if (!late) waiting += 1;
      late = true;
      sayWaiting(since);
    });
    clearTimeout(slow);
    if (late) waiting = Math.max(0, waiting - 1);
    if (status === 401) return signInAgain();
    if (said && !said.refused) mendDrafts(answer.form.ecg);
    if (!waiting) mend(ANSWERS);
    return said || { refused: problem(unsaved(reason(status))) };
  }
  function problem(text) {
    const props = { children: text, className: "problem", role: "alert" };
    return { type: "Span", namespace: "dash_html_components", props: props };
  }

  window.addEventListener("pageshow", () => {
    leaving = false; // whoever comes back to this page may have to leave it again
  });
  window.addEventListener("beforeunload", (event) => {
    if (waiting) event.preventDefault(); // the browser asks whether to leave
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.session = { sendAnswer: sendAnswer, token: token, drawnFor: drawnFor };
})();
