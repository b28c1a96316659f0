/** A dense table with a head that stays. Rows that open something are reached with Tab and the arrow keys. */
import type { ComponentChildren, JSX } from "preact";
import "../styles/table.css";

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: T) => ComponentChildren;
  /** number: to the right, figures of one width. long: takes the room that is left, and wraps. */
  readonly kind?: "number" | "long" | "code";
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string | number;
  readonly chosen?: string | number | null;
  readonly onOpen?: (row: T) => void;
  /** a name for the kind of row, for its look */
  readonly rowClass?: (row: T) => string;
}

export function Table<T>({
  label,
  columns,
  rows,
  rowKey,
  chosen = null,
  onOpen,
  rowClass,
}: TableProps<T>): JSX.Element {
  return (
    <table class={`table ${onOpen ? "opens" : ""}`} aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ key, title, kind }) => (
            <th key={key} scope="col" class={kind ?? ""}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const key = rowKey(row);
          return (
            <tr
              key={key}
              class={rowClass?.(row)}
              aria-selected={onOpen ? key === chosen : undefined}
              tabIndex={onOpen ? 0 : undefined}
              onClick={onOpen ? () => onOpen(row) : undefined}
              onKeyDown={onOpen ? (event) => onRowKey(event, () => onOpen(row)) : undefined}
            >
              {columns.map((column) => (
                <td key={column.key} class={column.kind ?? ""} data-label={column.title}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function onRowKey(event: KeyboardEvent & { currentTarget: HTMLElement }, open: () => void): void {
  if (event.target !== event.currentTarget) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    open();
  }
  const step =
    event.key === "ArrowDown" ? "nextElementSibling" : event.key === "ArrowUp" ? "previousElementSibling" : null;
  const row = step && event.currentTarget[step];
  if (row instanceof HTMLElement) {
    event.preventDefault();
    row.focus();
  }
}
