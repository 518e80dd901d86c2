// Draws the figures one after the other, so that the first is there at once, and saves their data.
async function draw() {
  for (const figure of figures) {
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
    const text = String(value ?? "").replaceAll("<br>", " ");
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

// Paper is narrower than most windows and wider than a phone, and nobody can unfold it.
const PAPER = 640;
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  for (const { id } of figures) Plotly.relayout(id, { autosize: false, width: PAPER });
});
addEventListener("afterprint", () => {
  for (const { id } of figures) Plotly.relayout(id, { autosize: true, width: null });
});

draw();
