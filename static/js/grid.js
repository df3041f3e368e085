// A table of fields takes a block pasted from a workbook: it spreads to the right and down from where it is
// pasted. Without this file each field takes what is pasted into it.
(() => {
  const CELLS = "[data-cell]:not([type=hidden])";
  const columnsOf = (row) => [...row.querySelectorAll(CELLS)];

  document.addEventListener("paste", (event) => {
    const cell = event.target.closest(`[data-paste-grid] ${CELLS}`);
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!cell || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    const rows = [...cell.closest("tbody").rows];
    const from = rows.indexOf(cell.closest("tr"));
    const first = columnsOf(rows[from]).indexOf(cell);
    text.split("\n").forEach((line, down) => {
      const cells = rows[from + down] ? columnsOf(rows[from + down]) : [];
      line.split("\t").forEach((value, right) => {
        const into = cells[first + right];
        if (!into) return;
        into.value = value.trim();
        into.dispatchEvent(new Event("input", { bubbles: true }));
      });
    });
  });
})();
