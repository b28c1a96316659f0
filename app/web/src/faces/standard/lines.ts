/** Lines of the standard, as they are looked for and grouped. Pure. */
import type { Line } from "./types";

/** Those of a group (two digits, "" for all) in which every word is found somewhere. */
export function matching(lines: readonly Line[], group: string, text: string): Line[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return lines.filter((line) => {
    if (!line.code.startsWith(group)) return false;
    const all = Object.values(line).join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

export interface Group {
  readonly code: string;
  readonly name: string;
}

/** The groups in the order of the lines. */
export function groupsOf(lines: readonly Line[]): Group[] {
  const names = new Map<string, string>();
  for (const { code, category } of lines) if (!names.has(code.slice(0, 2))) names.set(code.slice(0, 2), category);
  return [...names].map(([code, name]) => ({ code, name }));
}
