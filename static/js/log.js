// Logging from a row of a list with keys alone: e, or the letter of what happened, opens the form under
// the row; the letter chooses, Enter saves, Escape closes. Without this file the links do the same.
(() => {
  const rowOf = (element) => element.closest("tbody[data-log]");
  const formOf = (element) => element.closest("[data-log-form]");
  const isText = (element) => element.matches("input:not([type=radio], [type=checkbox]), textarea, select");

  const open = (row, kind) => {
    const address = row.dataset.log;
    const asked = kind ? `${address}${address.includes("?") ? "&" : "?"}kind=${kind}` : address;
    htmx.ajax("GET", asked, { target: row, swap: "outerHTML" });
  };

  // "s:submitted a:accepted" → { s: "submitted", a: "accepted" }
  const kindsOf = (row) => Object.fromEntries(row.dataset.keys.split(" ").map((pair) => pair.split(":")));

  const choose = (form, key) => {
    const radio = form.querySelector(`[data-key="${CSS.escape(key)}"] input`);
    if (!radio) return false;
    radio.checked = true;
    radio.focus();
    const pause = form.querySelector(".only-pause");
    const note = form.querySelector(".log-note input");
    // What stops the clock is not told without its reason.
    if (pause && pause.offsetParent && !note.value) note.focus();
    return true;
  };

  const together = () => document.getElementById("together");
  const picked = () => document.querySelectorAll("input[name=item][form=together]:checked").length;
  const tell = () => {
    const form = together();
    if (!form) return;
    form.hidden = picked() === 0;
    form.querySelector("[data-picked]").textContent = picked();
  };

  const inForm = (form, event) => {
    if (event.key === "Escape") { form.querySelector("[data-log-close]").click(); return true; }
    return !isText(event.target) && choose(form, event.key);
  };
  const onRow = (row, key) => {
    const box = row.querySelector("input[name=item]");
    const kind = kindsOf(row)[key];
    if (key === "x" && box) { box.click(); return true; }
    if (key === "e" || kind) { open(row, key === "e" ? "" : kind); return true; }
    return false;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    // The form may have come a moment before the focus: Escape closes it from anywhere.
    const form = formOf(event.target) || (event.key === "Escape" && document.querySelector("tbody [data-log-form]"));
    if (form) { if (inForm(form, event)) event.preventDefault(); return; }
    if (isText(event.target)) return;
    if (event.key === "E" && together() && picked()) { event.preventDefault(); together().requestSubmit(); return; }
    const row = rowOf(event.target);
    if (row && onRow(row, event.key)) event.preventDefault();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("input[name=item]")) tell(); });

  // The hand stays where it was: in the form that has come, or on the row that has changed.
  document.addEventListener("htmx:load", (event) => {
    const row = event.target.matches("tbody[data-log]") && event.target;
    if (!row) return;
    tell();
    const wrong = row.querySelector("[aria-invalid=true]");
    const first = row.querySelector("[data-log-form] :is(input:checked, .log-note input)");
    (wrong || first || row.querySelector("a.name")).focus();
    row.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("DOMContentLoaded", tell);
})();
