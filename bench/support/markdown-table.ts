type Row = Readonly<Record<string, string | number>>;

/** Renders rows as a table of Markdown; the columns are those of the first row. */
export function renderTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => columns.map((column) => String(row[column] ?? '')));
  return [columns, columns.map(() => '---'), ...lines].map(renderLine).join('\n');
}

function renderLine(cells: readonly string[]): string {
  return cells[0] === '---' ? `|${cells.join('|')}|` : `| ${cells.join(' | ')} |`;
}
