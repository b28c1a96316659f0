/** A text of this page into the downloads of whoever sits here. */

/** Hand rows to the browser's downloads, as CSV in UTF-8 with a mark, which spreadsheets like. No cell holds a comma. */
export function saveRows(name: string, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const text = [heads, ...rows].map((cells) => cells.join(",")).join("\r\n");
  const url = URL.createObjectURL(new Blob([`\ufeff${text}`], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
