// Keys, drops, dialogs and notices. Every page works without this file; it only saves steps.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const writing = (target) => target.closest("input, textarea, select, [contenteditable]");

  // --- What only makes sense with scripts becomes visible ---
  const reach = (root) => all(".scroll", root).forEach((box) => {
    if (box.scrollWidth > box.clientWidth && !box.hasAttribute("tabindex")) box.tabIndex = 0;
  });
  window.addEventListener("resize", () => reach(document)); // a phone is turned
  const prepare = (root) => {
    all("[data-dismiss], [data-dialog]", root).forEach((button) => { button.hidden = false; });
    reach(root);
    const wrong = $("[data-focus]", root);
    if (wrong) wrong.focus();
  };

  // --- Drops: one open at a time, closed by a press elsewhere or Escape ---
  const closeDrops = (except) => all("details.drop[open]").forEach((drop) => {
    if (drop !== except && !drop.contains(except)) drop.open = false;
  });
  document.addEventListener("toggle", (event) => {
    const drop = event.target;
    if (!drop.matches("details.drop") || !drop.open) return;
    closeDrops(drop);
    const panel = $(".drop-panel", drop);
    panel.classList.remove("drop-right");
    if (drop.matches(".user-drop") || panel.getBoundingClientRect().right > window.innerWidth - 8) {
      panel.classList.add("drop-right");
    }
    const first = $("input:not([type=hidden]), select, textarea", panel);
    if (first) first.focus();
  }, true);

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!target.closest("details.drop")) closeDrops(null);
    if (target.closest("[data-dismiss]")) target.closest(".notice").remove();
    const opener = target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog) { event.preventDefault(); closeDrops(null); dialog.showModal(); }
    if (target.closest("[data-close]")) target.closest("dialog").close();
    if (target.matches("dialog[open]")) target.close();
  });

  // --- Keys ---
  const rowLinks = () => all("main .rows tbody tr, main [data-rows] > *").map((row) => $("a[href]", row)).filter(Boolean);
  const step = (by) => {
    const links = rowLinks();
    if (!links.length) return;
    const row = document.activeElement.closest("tr, [data-rows] > *");
    const here = links.findIndex((link) => row && row.contains(link));
    const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, here + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const keys = {
    "/": () => { const box = $("[data-search]"); if (box) { box.focus(); box.select(); } },
    "?": () => { const dialog = $("#keys"); if (dialog && !dialog.open) dialog.showModal(); },
    n: () => { const link = $("main [data-key='n']") || $("[data-key='n']"); if (link) link.click(); },
    j: () => step(1),
    k: () => step(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = $("details.drop[open]");
      if (open) { open.open = false; $("summary", open).focus(); }
      if (document.activeElement.matches("[data-search]")) document.activeElement.blur();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest("form");
      if (form && form.method === "post") form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (writing(event.target) || $("dialog[open]")) return;
    const action = keys[event.key];
    if (action) { event.preventDefault(); action(); }
  });

  // --- Filter forms leave out what is empty, so that addresses stay short ---
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-tidy], .search")) return;
    all("input, select", event.target).forEach((control) => { if (!control.value) control.disabled = true; });
  });
  window.addEventListener("pageshow", () => all("[data-tidy] :disabled, .search :disabled").forEach((control) => { control.disabled = false; }));

  document.addEventListener("DOMContentLoaded", () => prepare(document));
  document.addEventListener("htmx:load", (event) => prepare(event.target));
})();
