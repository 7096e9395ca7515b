// Tables whose headings sort them. A column is {title, cell, value}: what a row shows, and what it
// is sorted by (null comes last).

function sortedTable(id, columnsOf) {
  const table = byId(id);
  const order = { column: 0, down: false };

  function sort(column) {
    order.down = order.column === column && !order.down;
    order.column = column;
  }

  function show(rows, onSort) {
    const columns = columnsOf();
    const { value } = columns[order.column];
    const keys = new Map(rows.map((row) => [row, value(row)]));
    const sorted = [...rows].sort((one, other) => inOrder(keys.get(one), keys.get(other), order.down));
    const headings = columns.map((column, index) => {
      const button = element("button", { type: "button" }, column.title);
      button.addEventListener("click", () => {
        sort(index);
        onSort();
        table.tHead.rows[0].cells[index].firstChild.focus();
      });
      const heading = element("th", { scope: "col", class: column.kind }, button);
      if (index === order.column) {
        heading.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      }
      return heading;
    });
    table.tHead.replaceChildren(element("tr", {}, ...headings));
    table.tBodies[0].replaceChildren(
      ...sorted.map((row) =>
        element("tr", {}, ...columns.map((column, index) =>
          index === 0
            ? element("th", { scope: "row" }, ...column.cell(row))
            : element("td", { class: column.kind }, ...column.cell(row)))),
      ),
    );
  }

  return { show };
}

function inOrder(one, other, down) {
  if (one === null || other === null) return (one === null) - (other === null);
  const ahead = typeof one === "number" && typeof other === "number"
    ? one - other
    : String(one).localeCompare(String(other), "en", { numeric: true });
  return down ? -ahead : ahead;
}

function numeric(title, value, shown) {
  return { title, kind: "number", value, cell: (row) => [shown(row)] };
}

function isolated(content) {
  return element("span", { class: "text" }, content);
}

function nameAndLabel(entry) {
  return [element("b", { class: "text" }, entry.name), " ", isolated(entry.label)];
}

// The values of a config key: by size where each is a number, else as text.
function keyColumn(key, position, entries) {
  const used = entries.map((entry) => entry.values[position]).filter((value) => value !== "-");
  const numbers = used.every((value) => value.trim() !== "" && Number.isFinite(Number(value)));
  return {
    title: key,
    kind: "",
    cell: (entry) => [isolated(entry.values[position])],
    value: (entry) => {
      const value = entry.values[position];
      if (value === "-") return null;
      return numbers ? Number(value) : value;
    },
  };
}
