/* Keys press what is on the page: each does what a click on that control would do. */
(function () {
  "use strict";
  const TYPING = "textarea, select, input:not([type=radio]):not([type=checkbox])";
  const find = (selector) => document.querySelector(selector);
  const press = (selector) => { const it = find(selector); if (it && !it.disabled) it.click(); };

  function touch(row) {
    document.querySelectorAll(".question.touched").forEach((old) => old.classList.remove("touched"));
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
  function rows() {
    return [...document.querySelectorAll(".answer:not(.unreadable) .question")];
  }
  function toggle(n) {
    const row = rows()[n];
    if (row) choose(touch(row), choices(row)[0].checked ? 1 : 0);
  }
  function normal() {
    rows().forEach((row, n) => choose(row, n === 0 ? 0 : 1));
  }
  function restAbsent() {
    rows().filter((row) => !choices(row).some((o) => o.checked)).forEach((row) => choose(row, 1));
  }
  function nextAttention() {
    const options = [...document.querySelectorAll(".evidence .choices input")];
    const now = options.findIndex((option) => option.checked);
    if (options.length) options[(now + 1) % options.length].click();
  }
  /* The worklist without a click on it first. */
  function firstCell() {
    return find('.worklist-grid .ag-center-cols-container [row-index="0"] .ag-cell');
  }
  function help(shown) {
    const sheet = find("#help");
    if (!sheet || sheet.hidden === !shown) return;
    sheet.hidden = !shown;
    if (shown) sheet.focus();
  }

  const does = {
    u: () => choose(find(".question.touched"), 2),
    n: normal,
    r: restAbsent,
    x: () => press(".answer .unreadable-box input"),
    c: () => { const box = find(".answer textarea"); if (box) box.focus(); },
    a: nextAttention,
    j: () => press('[data-key="j"]'),
    k: () => press('[data-key="k"]'),
    w: () => press(".bar .brand"),
    Enter: () => press(".answer .submit"),
    "?": () => help(find("#help").hidden),
    Escape: () => help(false),
  };
  for (let n = 1; n <= 5; n++) does[n] = () => toggle(n - 1);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const at = event.target;
    if (at.matches && at.matches(TYPING)) {
      if (event.key === "Escape") at.blur();
      return;
    }
    // Enter on a link or a button is that link's or button's own; the grid has its own keys too
    if (event.key === "Enter" && at.closest("a, button, summary, .ag-root")) return;
    const sheet = find("#help");
    if (sheet && !sheet.hidden && !["?", "Escape"].includes(event.key)) return;
    const list = event.key === "ArrowDown" && !at.closest(".ag-root") && firstCell();
    if (list) {
      event.preventDefault();
      list.focus();
      return;
    }
    if (!Object.hasOwn(does, event.key)) return;
    event.preventDefault();
    does[event.key]();
  });

  document.addEventListener("click", (event) => {
    const on = event.target.closest && event.target.closest("[data-key='?'], [data-key='Escape']");
    if (on) help(on.dataset.key === "?");
    const row = event.target.closest && event.target.closest(".question");
    if (row) touch(row);
  });
})();
