/** A text of this page into the downloads of whoever sits here. */

/** Hand a text to the browser's downloads, as a file of UTF-8 with a mark, which spreadsheets like. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([`\ufeff${text}`], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
