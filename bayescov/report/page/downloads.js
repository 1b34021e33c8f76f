// Files made in the page: the picture as SVG or PNG with its colours written out, the table as CSV.
"use strict";

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// A picture that stands alone: the style sheet goes with it, its variables replaced by today's colours.
function standaloneSvg(svg) {
  const root = getComputedStyle(document.documentElement);
  const rules = document.getElementById("picture-style").textContent
    .replace(/var\((--[\w-]+)\)/g, (_, name) => root.getPropertyValue(name).trim());
  const copy = svg.cloneNode(true), box = svg.viewBox.baseVal;
  for (const reach of copy.querySelectorAll(".reach")) reach.remove();
  copy.setAttribute("width", Math.round(box.width));
  copy.setAttribute("height", Math.round(box.height));
  copy.setAttribute("font-family", "Helvetica, Arial, sans-serif");
  const page = root.getPropertyValue("--page").trim();
  copy.insertAdjacentHTML("afterbegin", `<style></style><rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" fill="${page}"/>`);
  copy.querySelector("style").textContent = rules;
  return new XMLSerializer().serializeToString(copy);
}

function saveSvg(svg, name) {
  save(`${name}.svg`, new Blob([standaloneSvg(svg)], { type: "image/svg+xml" }));
}

function savePng(svg, name) {
  const image = new Image(), box = svg.viewBox.baseVal, scale = Math.max(2, 1600 / box.width);
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(box.width * scale);
    canvas.height = Math.round(box.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(`${name}.png`, blob), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standaloneSvg(svg))}`;
}

const csvCell = (value) => (/[",\n\r]/.test(String(value)) ? `"${String(value).replace(/"/g, '""')}"` : String(value));

function saveCsv(columns, rows, name) {
  const lines = [columns, ...rows].map((row) => row.map(csvCell).join(","));
  save(`${name}.csv`, new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }));
}
