/* The answer being entered: gathered as one value, kept in this browser until the server has it,
   and sent as its button is pressed.

   localStorage holds only what the server has not confirmed, so whatever is found there when a
   form opens is newer than what the server sent with it. */
(function () {
  "use strict";
  const PAUSE_MS = 600; // of typing, before a draft is sent
  const opened = new Set(); // the forms that have been filled
  const sent = new Map(); // form -> the answer that was submitted last
  const TWICE_MS = 700; // a second press within it was meant for the form before
  let cameAt = -Infinity; // when a form took the place of the one answered, with no other key since
  let led = false; // whether the reader is on the way to the ECG that follows an answer
  const unsent = new Map(); // form -> its draft, and when that goes out
  const metas = new Map(); // form -> what the server knew when it made it
  const waits = new Map(); // ECG -> the form of its page, which was made before its turn
  const around = new Map(); // ECG -> what lies over its trace, and the worklist that holds it
  let shown = null; // the ECG on screen
  let filled = null; // the same once its form is filled: the page may be there a moment before

  const read = (key) => dash_clientside.kept.read(key);
  const write = (key, text) => dash_clientside.kept.write(key, text);

  const formOf = (meta) => document.querySelector('[data-form="' + meta.form + '"]');
  const onScreen = (meta) => {
    const form = formOf(meta);
    return form && !form.closest(".waiting");
  };
  function byClass(ids, values) {
    const found = {};
    ids.forEach((id, n) => { if (values[n]) found[id.class] = values[n]; });
    return found;
  }
  const chosen = (place) => {
    const option = place.querySelector("input:checked");
    return option ? option.value : null;
  };

  function restore(meta, ecg, text) {
    const draft = JSON.parse(text);
    const said = words(meta, draft.verdicts);
    const set = (part, value, extra) =>
      dash_clientside.set_props(Object.assign({ ecg: ecg, part: part }, extra), { value: value });
    for (const name of meta.classes) {
      set("verdict", draft.verdicts[name] || null, { class: name });
      if (meta.agreeing.includes(name)) set("agree", said[name] || null, { class: name });
    }
    set("unreadable", draft.unreadable);
    set("confidence", draft.confidence);
    set("comment", draft.comment);
    dash_clientside.set_props(
      { ecg: ecg, part: "measurements" }, { data: draft.measurements || [] });
  }

  function later(meta, payload) {
    stay(meta.form);
    const timer = setTimeout(() => send(meta.form), PAUSE_MS);
    unsent.set(meta.form, { meta: meta, payload: payload, timer: timer });
  }
  function stay(form) {
    if (unsent.has(form)) clearTimeout(unsent.get(form).timer);
    unsent.delete(form);
  }
  function send(form) {
    const { meta, payload } = unsent.get(form);
    stay(form);
    if (!formOf(meta)) return; // left by now
    dash_clientside.set_props({ ecg: meta.ecg, part: "unsaved" }, { data: payload });
  }

  function arrive(ecg) {
    shown = ecg;
    window.scrollTo(0, 0);
    document.getElementById("page").focus({ preventScroll: true });
    dash_clientside.ahead.here(ecg);
    const waiting = metas.get(waits.get(ecg));
    const meta = waiting && formOf(waiting) ? waiting : null; // not of a page that was left unread
    waits.delete(ecg);
    filled = meta ? ecg : null;
    if (led) cameAt = performance.now();
    led = false;
    if (meta) metas.set(meta.form, Object.assign({}, meta, { started: new Date().toISOString() }));
  }

  /* On a page that is no ECG's to read: whoever comes back to the same ECG arrives there anew. */
  function leave() {
    shown = filled = null;
  }

  /* Whoever gives a verdict has said by that whether the model is right: the word is never its
     own, so that the two cannot contradict each other. */
  function words(meta, verdicts) {
    const said = {};
    for (const name of meta.agreeing) {
      const verdict = verdicts[name];
      if (!verdict || verdict === "unsure") continue;
      said[name] = (verdict === "present") === meta.predicted.includes(name) ? "agree" : "disagree";
    }
    return said;
  }

  function compose(meta, verdicts, unreadable, confidence, comment, measurements) {
    return {
      verdicts: verdicts, agreement: words(meta, verdicts),
      unreadable: Boolean(unreadable), confidence: confidence || null, comment: comment || "",
      measurements: measurements || [],
    };
  }

  /* What stands in the form, whatever Dash has been told of it by now. */
  function entered(meta) {
    const form = formOf(meta), verdicts = {};
    for (const row of form.querySelectorAll(".question")) {
      const verdict = chosen(row.querySelector(".verdict"));
      if (verdict) verdicts[row.dataset.class] = verdict;
    }
    return compose(
      meta, verdicts, form.querySelector(".unreadable-box input").checked,
      chosen(form.querySelector(".confidence")), form.querySelector("textarea").value,
      dash_clientside.calipers.kept(meta.ecg));
  }

  /* The worklist's order and filters, where Dash keeps them. */
  function query() {
    try {
      return JSON.parse(sessionStorage.getItem("worklist-query"));
    } catch (error) {
      return null; // a browser that keeps nothing
    }
  }

  /* What is on its way cannot be changed; once it is stored, another form takes its place. What
     nobody sees is no answer, whatever pressed its button. */
  async function submit(meta) {
    const form = formOf(meta), focus = document.activeElement;
    if (form.inert || !onScreen(meta)) return;
    form.inert = true;
    const payload = entered(meta), beside = around.get(meta.ecg) || {};
    sent.set(meta.form, JSON.stringify(payload));
    // where the session has ended, Dash comes to it too late
    write(meta.key, JSON.stringify(payload));
    const answer = {
      entered: payload, form: meta, query: query(), lies: beside.lies, held: beside.held,
    };
    const { sendAnswer } = dash_clientside.session;
    const said = await sendAnswer("/read/" + meta.ecg + "/answer", answer);
    if (!said.refused) return follow(meta, said);
    form.inert = false;
    later(meta, payload);
    if (form.contains(focus)) focus.focus();
    if (onScreen(meta)) {
      dash_clientside.set_props({ ecg: meta.ecg, part: "message" }, { children: said.refused });
    } else {
      dash_clientside.set_props("status", { children: ["ECG " + meta.ecg + ": ", said.refused] });
    }
  }

  /* A reader who has gone elsewhere meanwhile stays there. */
  async function follow(meta, said) {
    const here = onScreen(meta);
    stay(meta.form);
    write(meta.key, null);
    if (here && said.next) {
      metas.delete(meta.form);
      led = said.next.startsWith("/read/");
      await dash_clientside.ahead.go(said.next);
    } else if (here) {
      dash_clientside.set_props({ ecg: meta.ecg, part: "stored" }, { data: meta.form });
    }
    dash_clientside.set_props("status", { children: said.said });
  }

  /* Verdict and word change together at the click itself, not when Dash gets to it. */
  function choose(row, group, value) {
    const option = row.querySelector("." + group + " input[value=" + value + "]");
    if (!option.checked) option.click();
  }
  function pair(row, input) {
    const call = row.dataset.call; // the model's: present or absent
    const other = call === "present" ? "absent" : "present";
    if (input.closest(".agree")) choose(row, "verdict", input.value === "agree" ? call : other);
    else if (input.value !== "unsure") {
      choose(row, "agree", input.value === call ? "agree" : "disagree");
    } else {
      const ecg = Number(row.closest("[data-ecg]").dataset.ecg);
      dash_clientside.set_props(
        { ecg: ecg, part: "agree", class: row.dataset.class }, { value: null });
    }
  }
  document.addEventListener("click", (event) => {
    const input = event.target;
    const row = input.matches && input.matches("input[type=radio]")
      && input.closest(".question[data-call]");
    if (row) pair(row, input);
  });

  /* Why an answer was not saved says nothing of another one. */
  function withdraw(meta) {
    const form = formOf(meta);
    if (!form || form.inert || !sent.has(meta.form)) return;
    if (JSON.stringify(entered(meta)) === sent.get(meta.form)) return;
    sent.delete(meta.form);
    dash_clientside.set_props({ ecg: meta.ecg, part: "message" }, { children: "" });
  }

  function open(meta, text) {
    const form = formOf(meta);
    const hidden = form && form.closest(".slot.waiting");
    opened.add(meta.form);
    waits.delete(meta.ecg);
    if (hidden) waits.set(meta.ecg, meta.form);
    else {
      if (shown !== meta.ecg) arrive(meta.ecg);
      else if (filled === meta.ecg) cameAt = performance.now();
      filled = meta.ecg;
    }
    meta.forget.forEach((key) => write(key, null));
    const kept = read(meta.key);
    if (kept && kept !== text) restore(meta, meta.ecg, kept);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-form] .submit");
    const meta = button && metas.get(button.closest("[data-form]").dataset.form);
    if (meta) submit(meta); // else the form is not filled yet: there is nothing to send
  });

  // a page that was left to sign in may come back as it was
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-form]").forEach((form) => { form.inert = false; });
  });

  /* Whoever presses twice has read neither the opinion nor the next ECG that came in between. What
     counts is when it was pressed: a page that is busy hears of it later. */
  const lookedAt = (time) => { if (time > cameAt) cameAt = -Infinity; };
  const HELD = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta"]); // alone they say nothing
  let keyAt = null; // of an Enter that is just being handled, which clicks for its reader
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".answer .submit");
    const pressedAt = keyAt === null ? event.timeStamp : keyAt;
    if (!button) lookedAt(pressedAt);
    else if (pressedAt - cameAt < TWICE_MS) event.stopPropagation();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      keyAt = event.timeStamp;
      setTimeout(() => { keyAt = null; }, 0);
    } else if (!HELD.has(event.key)) lookedAt(event.timeStamp);
  }, true);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.answer = {
    arrive: arrive,
    leave: leave,
    flush: () => [...unsent.keys()].forEach(send),
    gather: function (verdicts, unreadable, confidence, comment, measurements, ids, meta) {
      const payload = compose(
        meta, byClass(ids, verdicts), unreadable, confidence, comment, measurements);
      const text = JSON.stringify(payload);
      if (!opened.has(meta.form)) {
        metas.set(meta.form, meta);
        open(meta, text);
        return payload;
      }
      write(meta.key, text);
      later(meta, payload);
      withdraw(meta);
      return payload;
    },
    note: function (lies, held) {
      const { ecg } = dash_clientside.callback_context.inputs_list[0].id;
      around.set(ecg, { lies: lies, held: held });
      return dash_clientside.no_update;
    },
    confirmed: function (saved, meta) {
      if (read(meta.key) === JSON.stringify(saved.payload)) write(meta.key, null);
    },
    back: function (clicks) {
      if (clicks) window.history.back();
      return dash_clientside.no_update;
    },
    hush: () => "", // why an answer was not saved says nothing of another one
    dim: function (unreadable) {
      return unreadable ? "answer unreadable" : "answer";
    },
  };
})();
