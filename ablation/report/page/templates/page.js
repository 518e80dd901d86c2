// Draws the figures one after the other, so that the first is there at once, and saves their data.
// A figure that is folded away has no width yet: it is drawn when it is opened.
const place = (id) => document.getElementById(id);
const hidden = (id) => place(id).closest("details:not([open])");
const drawn = new Set();
async function draw() {
  for (const figure of figures) {
    if (drawn.has(figure.id) || hidden(figure.id)) continue;
    drawn.add(figure.id);
    await Plotly.newPlot(figure.id, figure.data, figure.layout, {
      responsive: true,
      displaylogo: false,
      modeBarButtons: [["toImage"]],
      toImageButtonOptions: { format: "svg", filename: figure.id },
    });
    await new Promise((next) => setTimeout(next));
  }
}

// A place on an axis of names is written as the name.
function named(axis, value) {
  const place = axis?.ticktext ? axis.tickvals.indexOf(value) : -1;
  return place < 0 ? value : axis.ticktext[place];
}

// A row per point of every trace that says what its columns are.
function rows(figure) {
  const found = [];
  for (const trace of figure.data.filter((trace) => trace.meta)) {
    const { xaxis, yaxis } = figure.layout;
    const cells = trace.z
      ? trace.z.flatMap((line, i) => line.map((_, j) => [i, j]))
      : (trace.customdata ?? trace.x).map((_, i) => [i]);
    for (const [i, j] of cells) {
      const row = { series: trace.name };
      for (const [key, column] of Object.entries(trace.meta)) {
        if (Array.isArray(column)) column.forEach((name, n) => (row[name] = trace[key][i][n]));
        else if (j === undefined) row[column] = named(key === "x" ? xaxis : null, trace[key][i]);
        else if (key === "x") row[column] = named(xaxis, trace.x[j]);
        else if (key === "y") row[column] = named(yaxis, trace.y[i]);
        else row[column] = trace[key][i][j];
      }
      if (Object.values(row).slice(1).some((value) => value !== null && value !== "")) found.push(row);
    }
  }
  return found;
}

function csv(figure) {
  const found = rows(figure);
  const columns = [...new Set(found.flatMap(Object.keys))];
  const cell = (value) => {
    // A zero-width space marks a line break within a name.
    let text = String(value ?? "").replaceAll("\u200b<br>", "").replaceAll("<br>", " ");
    text = text.replaceAll("&lt;", "<").replaceAll("&amp;", "&");
    // A spreadsheet would run it as a formula; ablate takes the apostrophe away when it reads.
    if (/^'*[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = `'${text}`;
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...found.map((row) => columns.map((name) => row[name]))]
    .map((line) => line.map(cell).join(",") + "\n")
    .join("");
}

for (const button of document.querySelectorAll("button[data-figure]")) {
  button.addEventListener("click", () => {
    const figure = figures.find(({ id }) => id === button.dataset.figure);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(figure)], { type: "text/csv" }));
    link.download = `${figure.id}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

// A table that does not fit its frame is stacked: a block for each row, each value under its column.
function stack() {
  for (const table of document.querySelectorAll(".scroll > table")) {
    if (!table.offsetParent) continue;
    table.classList.remove("stacked");
    const wide = table.scrollWidth > table.parentElement.clientWidth + 1;
    if (wide && !table.dataset.named) name(table);
    table.classList.toggle("stacked", wide);
  }
}

function name(table) {
  const columns = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, i) => (cell.dataset.column = columns[i]));
  }
  table.dataset.named = "yes";
}

// The section that is read is marked in the contents, and its link is kept in view.
const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
function here() {
  let current;
  for (const [id, link] of links) {
    if (document.getElementById(id).getBoundingClientRect().top < innerHeight / 3) current = link;
  }
  if (!current || current.classList.contains("here")) return;
  for (const link of links.values()) link.classList.toggle("here", link === current);
  const list = current.closest("ul");
  list.scrollLeft = current.offsetLeft - list.clientWidth / 3;
}

addEventListener("resize", stack);
addEventListener("scroll", here, { passive: true });
for (const folded of document.querySelectorAll("details")) {
  folded.addEventListener("toggle", () => {
    stack();
    draw();
  });
}

// Paper is narrower than most windows and wider than a phone, and nobody can unfold it.
const PAPER = 640;
addEventListener("beforeprint", () => {
  for (const table of document.querySelectorAll("table.stacked")) table.classList.remove("stacked");
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  draw();
  for (const { id } of figures.filter(({ id }) => drawn.has(id))) Plotly.relayout(id, { autosize: false, width: PAPER });
});
addEventListener("afterprint", () => {
  for (const { id } of figures) Plotly.relayout(id, { autosize: true, width: null });
  stack();
});

stack();
here();
draw();
