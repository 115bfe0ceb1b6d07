/* Keys press what is on the page: each does what a click on that control would do.

   A control that carries data-key="l" is pressed by l; only keys that are no single control are
   written here. components/help.py lists all of them. */
(function () {
  "use strict";
  const TYPING = "textarea, select, input:not([type=radio]):not([type=checkbox])";
  /* The ECG on screen. Pages that wait for their turn are laid out beside it, and where no ECG is
     on screen there is nothing that a key may act on: what nobody sees is never answered. */
  const NOWHERE = document.createElement("div");
  const here = () => document.querySelector(".read:not(.waiting .read)") || NOWHERE;
  const find = (selector) => here().querySelector(selector);
  const press = (it) => { if (it && !it.disabled) it.click(); };
  const carrying = (key) => {
    const selector = '[data-key="' + CSS.escape(key) + '"]';
    return find(selector) || document.querySelector(":not(.waiting *)" + selector);
  };

  /* Whoever has asked for another page answers no more at this one, which stands until it comes. */
  const LEAVING_MS = 3000; // then it seems not to come
  const ANSWERING = new Set(["n", "r", "u", "x", "Enter", "1", "2", "3", "4", "5"]);
  let left = { form: null, at: -Infinity };
  const formHere = () => {
    const form = find("[data-form]");
    return form && form.dataset.form;
  };
  const leaving = () => left.form !== null && left.form === formHere()
    && performance.now() - left.at < LEAVING_MS;
  document.addEventListener("click", (event) => {
    const away = event.target.closest
      && event.target.closest("[data-key='k'], [data-key='Backspace'], .bar a");
    const elsewhere = event.ctrlKey || event.metaKey; // in a tab of its own: this page stays
    if (away && !elsewhere) left = { form: formHere(), at: performance.now() };
  }, true);

  function touch(row) {
    here().querySelectorAll(".question.touched").forEach((old) => old.classList.remove("touched"));
    row.classList.add("touched");
    return row;
  }
  function choices(row) {
    return [...row.querySelectorAll(".verdict input")]; // present, absent, unsure
  }
  function choose(row, n) {
    const option = row && choices(row)[n];
    if (option && !option.checked) option.click();
  }
  /* Told by the box itself: the form's look follows a moment later. */
  function rows() {
    const box = find(".answer:not([inert]) .unreadable-box input");
    return !box || box.checked ? [] : [...here().querySelectorAll(".answer .question")];
  }
  /* A digit is always the same class, also where an adjudication asks of a few. */
  const CLASSES = ["NORM", "MI", "STTC", "CD", "HYP"];
  function toggle(n) {
    const row = rows().find((it) => it.dataset.class === CLASSES[n]);
    if (row) choose(touch(row), choices(row)[0].checked ? 1 : 0);
  }
  /* An adjudication asks of what is in dispute, or was settled before: where readers agree that an
     ECG is not normal it cannot be called normal, and the classes are for other keys. */
  const isNormal = (row) => row.dataset.class === "NORM";
  function normal() {
    const asked = rows();
    if (!asked.some(isNormal) && !find(".beside-normal")) return;
    asked.forEach((row) => choose(row, isNormal(row) ? 0 : 1));
  }
  function restAbsent() {
    rows().filter((row) => !choices(row).some((o) => o.checked)).forEach((row) => choose(row, 1));
  }
  function offered(group) {
    return [...here().querySelectorAll(".explanation ." + group + " input:not(:disabled)")];
  }
  function next(options) {
    const now = options.findIndex((option) => option.checked);
    if (options.length) options[(now + 1) % options.length].click();
  }
  /* The overlay off, and on again as it was. */
  let method = null;
  function overlay() {
    const [off, ...methods] = offered("methods");
    const now = methods.find((option) => option.checked);
    if (now) {
      method = now.value;
      off.click();
    } else {
      const section = find(".explanation");
      const wanted = method || (section && section.dataset.method);
      press(methods.find((option) => option.value === wanted) || methods[0]);
    }
  }
  /* The worklist without a click on it first. */
  function firstCell() {
    return document.querySelector(
      '.worklist-grid:not(.waiting *) .ag-center-cols-container [row-index="0"] .ag-cell');
  }
  /* A modal dialog of the browser's: it keeps the focus, and gives it back where it came from. */
  const sheet = () => document.querySelector("#help");
  const helping = () => Boolean(sheet() && sheet().open);
  function help(shown) {
    if (!sheet() || helping() === shown) return;
    if (shown) sheet().showModal();
    else sheet().close();
  }
  function escape() {
    if (helping()) help(false);
    else dash_clientside.calipers.clear() || paper().all(here());
  }

  const does = {
    u: () => choose(rows().find((row) => row.classList.contains("touched")), 2),
    n: normal,
    r: restAbsent,
    x: () => press(find(".answer:not([inert]) .unreadable-box input")),
    t: () => { const box = find(".answer textarea"); if (box) box.focus(); },
    o: overlay,
    m: () => next(offered("methods").slice(1)),
    a: () => next(offered("classes")),
    e: () => next([...here().querySelectorAll(".compare .choices input")]),
    p: () => press(find(".published:not(.alike) summary")),
    w: () => press(document.querySelector(".bar .brand")),
    Enter: () => press(find(".answer .submit")),
    ArrowDown: () => firstCell().focus(),
    "?": () => help(!helping()),
    Escape: escape,
  };
  /* assets/paper.js has the keys of the ECG paper. */
  const paper = () => window.dash_clientside.paper;
  for (const key of ["l", "+", "-", "s", "f", "z", "[", "]", ",", "."]) {
    does[key] = () => paper().press(key, here());
  }
  for (let n = 1; n <= 5; n++) does[n] = () => toggle(n - 1);

  function action(key, at) {
    if (key === "ArrowDown" && (at.closest(".ag-root") || !firstCell())) return null;
    if (Object.hasOwn(does, key)) return does[key];
    const control = carrying(key);
    return control ? () => press(control) : null;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const at = event.target;
    if (at.matches && at.matches(TYPING)) {
      if (event.key === "Escape") at.blur();
      return;
    }
    // Enter on a link or a button is that link's or button's own; the grid has its own keys too
    if (event.key === "Enter" && at.closest("a, button, summary, .ag-root")) return;
    if (helping() && !["?", "Escape"].includes(event.key)) return;
    const act = action(event.key, at);
    if (!act) return;
    event.preventDefault();
    if (!ANSWERING.has(event.key) || !leaving()) act();
  });

  document.addEventListener("click", (event) => {
    const on = event.target.closest && event.target.closest("[data-key='?'], [data-key='Escape']");
    if (on) help(on.dataset.key === "?");
    const row = event.target.closest && event.target.closest(".question");
    if (row) touch(row);
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.keys = { written: () => Object.keys(does) };
})();
