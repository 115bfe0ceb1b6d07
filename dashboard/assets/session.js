/* A lost session or a save that failed is never silent: Dash itself shows neither. */
(function () {
  "use strict";
  const send = window.fetch;
  const clock = () => new Date().toLocaleTimeString("en-GB");

  function say(text) {
    let place = document.getElementById("trouble");
    if (!text) return place && place.remove();
    if (!place) {
      place = document.createElement("div");
      place.id = "trouble";
      place.setAttribute("role", "alert");
      document.body.append(place);
    }
    place.textContent = text;
  }

  function signInAgain() {
    const here = location.pathname + location.search;
    location.assign("/login?next=" + encodeURIComponent(here));
    return new Promise(() => {}); // nothing may be shown as an answer any more
  }

  function reason(status) {
    if (status === 400) return "this page is out of date. Reload it";
    if (status === 403) return "your role does not allow it. Reload the page";
    return "the server could not do it (" + status + "). Try again";
  }

  window.fetch = async function (resource, options) {
    const url = String(resource && resource.url ? resource.url : resource);
    if (!url.includes("/_dash-") || url.includes("/_dash-component-suites/")) {
      return send.call(window, resource, options);
    }
    let response;
    try {
      response = await send.call(window, resource, options);
    } catch (error) {
      say("Not saved at " + clock() + ": the server does not answer. What you entered is kept here. Try again.");
      throw error;
    }
    if (response.status === 401) return signInAgain();
    if (response.ok) say("");
    else say("Not saved at " + clock() + ": " + reason(response.status) + ". What you entered is kept here.");
    return response;
  };
})();
