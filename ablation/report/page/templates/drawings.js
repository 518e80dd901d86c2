// Writes every figure as SVG text into the page, where the program reads it.
// plotly names the parts of a drawing at random: counted instead, the same figure is the same file.
let count = 0;
Math.random = () => ((count = (count * 16807 + 12345) % 2147483647) / 2147483647);
(async () => {
  for (const [i, { data, layout }] of figures.entries()) {
    const width = widths[i];
    const image = await Plotly.toImage({ data, layout }, { format: "svg", width, height: layout.height });
    const place = document.createElement("pre");
    // An empty attribute of the root stands now before, now behind another.
    place.textContent = decodeURIComponent(image.slice(image.indexOf(",") + 1)).replace(' style=""', "");
    document.body.append(place);
  }
})();
