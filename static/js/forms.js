// Long forms: nothing typed is lost, nothing is sent twice.
(() => {
  const WAIT = 1500; // ms of quiet before a draft is kept
  const dirty = new Set();

  // --- data-guard: ask before leaving with unsaved words ---
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form");
    if (!form) return;
    if (form.matches("[data-guard]")) dirty.add(form);
    const note = form.querySelector("[data-draft]");
    if (!note) return;
    clearTimeout(form.draftTimer);
    form.draftTimer = setTimeout(() => note.dispatchEvent(new Event("draft")), WAIT);
  });
  window.addEventListener("beforeunload", (event) => {
    if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
  });
  // A kept draft is safe: <p data-draft hx-post="…" hx-trigger="draft" hx-include="closest form">.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.matches("[data-draft]")) dirty.delete(event.target.closest("form"));
  });

  // --- One press sends once ---
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    dirty.delete(form);
    if (form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    clearTimeout(form.draftTimer);
    // After the browser has gathered the form: a disabled button would not be sent with it.
    setTimeout(() => form.querySelectorAll("button:not([type=button])").forEach((button) => button.classList.add("busy")), 0);
    // A download answers without leaving the page.
    if (form.matches("[data-stays]")) setTimeout(() => release(form), 3000);
  });
  const release = (form) => {
    delete form.dataset.sent;
    form.querySelectorAll(".busy").forEach((button) => button.classList.remove("busy"));
  };
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
})();
