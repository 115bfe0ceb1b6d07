/* The answer being entered: gathered as one value, kept in this browser until the server has it.

   localStorage holds only what the server has not confirmed, so whatever is found there when a
   form opens is newer than what the server sent with it. */
(function () {
  "use strict";
  const PAUSE_MS = 600; // of typing, before a draft is sent
  const entered = new Map(); // form -> its verdicts when it was last looked at
  let pending = {}; // words on the model that were set here and have not come back yet
  const TWICE_MS = 700; // a second press within it was meant for the form before
  let openedAt = 0; // when a form took the place of another one at the same ECG
  let timer = null;
  let shown = null; // the ECG on screen

  function read(key) {
    try {
      return localStorage.getItem(key);
    } catch (error) {
      return null; // a browser that keeps nothing
    }
  }
  function write(key, text) {
    try {
      if (text === null) localStorage.removeItem(key);
      else localStorage.setItem(key, text);
    } catch (error) {
      // storage is full or refused: the server's draft remains
    }
  }

  function byClass(ids, values) {
    const found = {};
    ids.forEach((id, n) => { if (values[n]) found[id.class] = values[n]; });
    return found;
  }

  function restore(meta, ecg, text) {
    const draft = JSON.parse(text);
    entered.set(meta.form, draft.verdicts); // its agreements were entered too: they stay
    const set = (part, value, extra) =>
      dash_clientside.set_props(Object.assign({ ecg: ecg, part: part }, extra), { value: value });
    for (const name of meta.classes) {
      set("verdict", draft.verdicts[name] || null, { class: name });
      if (meta.agreeing.includes(name)) set("agree", draft.agreement[name] || null, { class: name });
    }
    set("unreadable", draft.unreadable);
    set("confidence", draft.confidence);
    set("comment", draft.comment);
  }

  function later(meta, payload) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!document.querySelector('[data-form="' + meta.form + '"]')) return; // left by now
      dash_clientside.set_props({ ecg: meta.ecg, part: "unsaved" }, { data: payload });
    }, PAUSE_MS);
  }

  function arrive(ecg) {
    shown = ecg;
    window.scrollTo(0, 0);
    document.getElementById("page").focus({ preventScroll: true });
  }

  /* Whoever changes a verdict has said by that whether the model is right; it can be overruled. */
  function following(meta, verdicts) {
    const before = entered.get(meta.form) || verdicts;
    const changed = {};
    for (const name of meta.agreeing) {
      const verdict = verdicts[name];
      if (verdict === before[name] || !verdict || verdict === "unsure") continue;
      const same = (verdict === "present") === meta.predicted.includes(name);
      changed[name] = same ? "agree" : "disagree";
    }
    return changed;
  }

  function follow(meta, verdicts, agreement) {
    for (const name of Object.keys(pending)) {
      if (agreement[name] === pending[name]) delete pending[name];
    }
    const changed = following(meta, verdicts);
    entered.set(meta.form, verdicts);
    Object.assign(pending, changed);
    for (const name of Object.keys(changed)) {
      dash_clientside.set_props(
        { class: name, ecg: meta.ecg, part: "agree" }, { value: changed[name] });
    }
  }

  function compose(verdicts, agreements, unreadable, confidence, comment, vIds, aIds) {
    return {
      verdicts: byClass(vIds, verdicts), agreement: byClass(aIds, agreements),
      unreadable: Boolean(unreadable), confidence: confidence || null, comment: comment || "",
    };
  }

  function open(meta, text, verdicts) {
    entered.set(meta.form, verdicts);
    pending = {};
    if (shown === meta.ecg) openedAt = Date.now();
    else arrive(meta.ecg);
    clearTimeout(timer);
    meta.forget.forEach((key) => write(key, null));
    const kept = read(meta.key);
    if (kept && kept !== text) restore(meta, meta.ecg, kept);
  }

  /* Whoever presses twice has not read the opinion that came between the presses. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".answer .submit");
    if (button && Date.now() - openedAt < TWICE_MS) event.stopPropagation();
  }, true);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.answer = {
    gather: function (...values) {
      const meta = values.pop();
      const payload = compose(...values);
      const text = JSON.stringify(payload);
      if (!entered.has(meta.form)) {
        open(meta, text, payload.verdicts);
        return payload;
      }
      follow(meta, payload.verdicts, payload.agreement);
      write(meta.key, text);
      later(meta, payload);
      return payload;
    },
    /* What stands in the form at the moment of the press, whatever has been gathered by then. */
    send: function (clicks, ...values) {
      if (!clicks) return dash_clientside.no_update;
      const meta = values.pop();
      const payload = compose(...values);
      Object.assign(payload.agreement, pending, following(meta, payload.verdicts));
      return { payload: payload, press: clicks };
    },
    confirmed: function (saved, meta) {
      if (saved && read(meta.key) === JSON.stringify(saved.payload)) write(meta.key, null);
      return dash_clientside.no_update;
    },
    leave: function (done, meta) {
      if (!done) return dash_clientside.no_update;
      clearTimeout(timer);
      write(meta.key, null);
      dash_clientside.set_props("location", { pathname: done.next });
      return dash_clientside.no_update;
    },
    back: function (clicks) {
      if (clicks) window.history.back();
      return dash_clientside.no_update;
    },
    dim: function (unreadable) {
      return unreadable ? "answer unreadable" : "answer";
    },
  };
})();
