/* What was typed and is not on the server yet is kept in this browser, for its reader alone: the
   next one at a shared computer finds nothing of it, not even with the tools of the browser.

   A session that ends by itself takes nothing away: whoever signs in again finds what they typed.
   The pages before the worklist load this file too. */
(function () {
  "use strict";
  const DRAFT = "trustecg-draft:"; // then the reader, the record, and what it is a draft of
  const LEAVING = "trustecg-leaving"; // in the window in which somebody signs out
  const WAIT_MS = 1500; // for what is just being saved
  const LOOK_MS = 1000; // between two looks at who is signed in
  const { person } = document.documentElement.dataset; // none where one is to sign in

  /* A browser that keeps nothing, or is full, refuses: the server's draft remains. */
  function trying(act) {
    try {
      return act();
    } catch (error) {
      return null;
    }
  }
  const readerOf = (key) => key.slice(DRAFT.length).split(":")[0];
  const drafts = () => Object.keys(localStorage).filter((key) => key.startsWith(DRAFT));
  const mine = () => trying(() => drafts().filter((key) => readerOf(key) === person)) || [];
  const forget = (keys) => keys.forEach((key) => localStorage.removeItem(key));

  function clean() {
    const left = sessionStorage.getItem(LEAVING);
    if (person) {
      const before = sessionStorage.getItem("person");
      if (before && before !== person) sessionStorage.clear(); // the worklist's order and filters
      sessionStorage.setItem("person", person);
      sessionStorage.removeItem(LEAVING);
      forget(drafts().filter((key) => readerOf(key) !== person));
    } else if (left) {
      sessionStorage.clear();
      forget(drafts());
    }
  }
  trying(clean);

  const pause = () => new Promise((done) => setTimeout(done, 50));
  async function saved() {
    if (window.dash_clientside && dash_clientside.answer) dash_clientside.answer.flush();
    for (const end = performance.now() + WAIT_MS; mine().length && performance.now() < end;) {
      await pause();
    }
    return !mine().length;
  }
  function discards() {
    const count = mine().length, several = count > 1;
    return window.confirm("What you entered on " + (several ? count + " ECGs" : "an ECG")
      + " is not saved on the server. Signing out removes it from this browser. Sign out?");
  }
  /* What is typed is saved first, within a moment; what cannot be is not thrown away unasked. */
  let signsOut = false;
  async function signOut(form) {
    signsOut = true;
    const leaves = (await saved()) || discards();
    signsOut = false;
    if (!leaves) return;
    trying(() => sessionStorage.setItem(LEAVING, "yes"));
    form.submit();
  }
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== "/logout") return;
    event.preventDefault();
    if (!signsOut) signOut(event.target);
  });

  /* A page that found its session gone leads to a form. While that is on screen somebody may sign
     in, in another window: it is asked for anew, and says so. The cookie then holds the token of
     another session than the form: stamp and signature, after the dots, are new with each page. */
  function asksAnew() {
    const field = (name) => document.querySelector('.gate [name="' + name + '"]');
    const [ended, csrf, email, password, next] =
      ["ended", "csrf_token", "email", "password", "next"].map(field);
    const found = /(?:^|; )_csrf_token=([^;]*)/.exec(document.cookie);
    const session = (token) => token.replace(/\.[^.]*\.[^.]*$/, "");
    const entered = password && (password.value || email.value !== email.defaultValue);
    if (!ended || !found || entered) return;
    if (session(decodeURIComponent(found[1])) === session(csrf.value)) return;
    location.replace("/login?ended=1&next=" + encodeURIComponent(next.value));
  }
  if (!person) setInterval(asksAnew, LOOK_MS);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.kept = {
    signsOut: () => signsOut,
    read: (key) => trying(() => localStorage.getItem(key)),
    write: function (key, text) {
      if (text === null) trying(() => localStorage.removeItem(key));
      else trying(() => localStorage.setItem(key, text));
    },
  };
})();
