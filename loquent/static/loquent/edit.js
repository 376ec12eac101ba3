"use strict";
// A form with tabs: a bar while something is not saved, and the preview or the test beside it.

{
  const form = document.querySelector("[data-tabs]")?.closest("form");
  const row = form?.querySelector("[name='_save']")?.closest(".submit-row");
  // Fields that nobody types into.
  const OWN = new Set(["csrfmiddlewaretoken", "version"]);
  const valuesOf = (some) => [...new FormData(some)].filter(([name]) => !OWN.has(name));

  function watch() {
    const status = document.createElement("p");
    status.className = "lq-unsaved";
    status.setAttribute("role", "status");
    const discard = document.createElement("button");
    discard.type = "button";
    discard.className = "button";
    discard.textContent = "Discard";
    discard.hidden = true;
    row.prepend(status);
    row.querySelector("input:last-of-type").after(discard);

    // What the server sent: the browser may have restored something else after "Back".
    const pristine = form.cloneNode(true);
    pristine.reset();
    let saved = valuesOf(pristine);
    const isRefused = document.querySelector(".errornote") !== null;
    let isChanged = false;
    let isLeaving = false;

    function compare() {
      isLeaving = false;
      isChanged = isRefused || JSON.stringify(valuesOf(form)) !== JSON.stringify(saved);
      document.body.classList.toggle("lq-changed", isChanged);
      discard.hidden = !isChanged;
      const words = isChanged ? "You have unsaved changes" : "";
      if (status.textContent !== words) status.textContent = words;
    }

    for (const kind of ["input", "change"]) form.addEventListener(kind, compare);
    // Something else on the page has saved one of the fields.
    form.addEventListener("lq:saved", ({ detail }) => {
      saved = saved.map(([name, value]) => [name, name === detail.name ? detail.value : value]);
      compare();
    });
    form.addEventListener("submit", () => { isLeaving = true; });
    window.addEventListener("pageshow", compare);
    window.addEventListener("beforeunload", (event) => {
      if (isChanged && !isLeaving) event.preventDefault();
    });
    discard.addEventListener("click", () => {
      isLeaving = true;
      form.dispatchEvent(new Event("lq:leave", { bubbles: true }));
      location.replace(location.pathname + location.search);
    });
    compare();
  }

  if (row) watch();
}

// Where there is no room for two columns, a button opens what is beside the form.
{
  const beside = document.querySelector(".lq-beside");
  const main = document.querySelector(".lq-seat-main");
  const narrow = window.matchMedia("(max-width: 999px)");

  function button(className, text) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = className;
    made.textContent = text;
    return made;
  }

  function offer() {
    const open = button("button lq-primary lq-beside-open", beside.dataset.open);
    const close = button("button lq-beside-close", "Close");
    open.setAttribute("aria-controls", beside.id);
    beside.prepend(close);
    // Early in the order of the keyboard: it is always in sight.
    main.before(open);
    document.body.classList.add("lq-seat-live");

    function show(isOpen) {
      beside.classList.toggle("lq-shown", isOpen);
      open.setAttribute("aria-expanded", String(isOpen));
      main.inert = isOpen;
      if (isOpen) beside.dispatchEvent(new Event("lq:shown"));
    }

    open.addEventListener("click", () => {
      show(true);
      close.focus();
    });
    const back = () => {
      show(false);
      open.focus();
    };
    close.addEventListener("click", back);
    beside.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && narrow.matches) back();
    });
    narrow.addEventListener("change", () => {
      show(false);
      if (!narrow.matches) beside.dispatchEvent(new Event("lq:shown"));
    });
    show(false);
  }

  if (beside && main) offer();
}
